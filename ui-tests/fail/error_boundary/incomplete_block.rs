use gardefou::error_boundary;

fn main() {
    let text = String::from("1");
    let _ = error_boundary!("parse", {
        let n = text.parse::<u8>()?;
        text.
    });
}

use gardefou::error_boundary;

fn main() {
    let _ = error_boundary!("parse", {
        if "1".parse::<u8>()? == 1 {
            break;
        }
    });
}

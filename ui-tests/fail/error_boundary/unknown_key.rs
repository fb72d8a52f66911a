use gardefou::error_boundary;

fn main() {
    let _ = error_boundary!("parse", colour = "red", { "1".parse::<u8>()? });
}

use gardefou::error_boundary;

fn main() {
    let _: u8 = error_boundary!("parse", fallback = "none", { "1".parse::<u8>()? });
}

use gardefou::error_boundary;

fn main() {
    let _ = error_boundary!("parse", rethrow = "no", { "1".parse::<u8>()? });
}

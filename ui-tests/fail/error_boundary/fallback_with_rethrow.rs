use gardefou::error_boundary;

fn main() {
    let _ = error_boundary!("parse", rethrow = true, fallback = 0, { "1".parse::<u8>()? });
}

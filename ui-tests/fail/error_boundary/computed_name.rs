use gardefou::error_boundary;

fn main() {
    let _ = error_boundary!(format!("parse-{}", 1), { "1".parse::<u8>()? });
    let _ = error_boundary!("", { "1".parse::<u8>()? });
}

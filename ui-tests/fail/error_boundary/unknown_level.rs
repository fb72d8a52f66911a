use gardefou::error_boundary;

fn main() {
    let _ = error_boundary!("parse", log_level = "eror", { "1".parse::<u8>()? });
}

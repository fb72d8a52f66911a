use gardefou::error_boundary;

fn main() {
    let _ = error_boundary!("parse", on_error_callback = drop, { "1".parse::<u8>()? });
}

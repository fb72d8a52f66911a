use gardefou::{ErrorCode, error_boundary};

fn main() {
    let _ = error_boundary!("parse", { "1".parse::<u8>()? }, error_code = ErrorCode::CONFIG_ERROR);
}

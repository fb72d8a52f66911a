use gardefou::{ErrorCode, error_boundary};

fn main() {
    let _ = error_boundary!("parse", eror_code = ErrorCode::CONFIG_ERROR, { "1".parse::<u8>()? });
}

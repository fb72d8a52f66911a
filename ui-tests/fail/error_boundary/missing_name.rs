use gardefou::{ErrorCode, error_boundary};

fn main() {
    let _ = error_boundary!({ "1".parse::<u8>()? });
    let _ = error_boundary!(error_code = ErrorCode::CONFIG_ERROR, { "1".parse::<u8>()? });
}

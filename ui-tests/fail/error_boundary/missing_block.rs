use gardefou::{ErrorCode, error_boundary};

fn main() {
    let _ = error_boundary!("parse");
    let _ = error_boundary!("parse", error_code = ErrorCode::CONFIG_ERROR);
}

use gardefou::{AppError, ErrorCode, error_boundary};

fn parse(text: &str) -> Result<u8, AppError> {
    error_boundary!("parse", {
        if text.is_empty() {
            Err(AppError::new(ErrorCode::CONFIG_ERROR, "empty"))
        } else {
            Ok(1)
        }
    })
}

fn main() {
    let _ = parse("1");
}

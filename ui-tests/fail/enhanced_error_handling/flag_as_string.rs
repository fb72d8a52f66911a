//! A string in place of a flag.

use gardefou::{AppError, ErrorCode, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(error_code = ErrorCode::TIMEOUT_ERROR, rethrow = "yes")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

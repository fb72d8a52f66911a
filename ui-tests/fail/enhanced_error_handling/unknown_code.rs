//! An unknown error code, reported at its name.

use gardefou::{AppError, ErrorCode, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(error_code = ErrorCode::Nope)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! A part of a key, for which the whole one is suggested.

use gardefou::*;

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(code = ErrorCode::TIMEOUT_ERROR)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

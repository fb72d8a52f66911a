//! A string in place of an error code.

use gardefou::{AppError, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(error_code = "TIMEOUT")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

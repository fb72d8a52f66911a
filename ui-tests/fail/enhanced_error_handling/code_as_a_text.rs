//! A code is a path.

use gardefou::{AppError, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(error_code = "TIMEOUT")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

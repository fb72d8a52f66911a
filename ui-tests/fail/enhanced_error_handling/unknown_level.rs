//! A misspelt level.

use gardefou::{AppError, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(log_level = "eror")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

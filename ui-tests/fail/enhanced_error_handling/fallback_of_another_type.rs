//! A fallback is a value of the function.

use gardefou::{AppError, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(
    rethrow = false,
    fallback = "none"
)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

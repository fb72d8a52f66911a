//! A fallback without `rethrow = false`.

use gardefou::{AppError, enhanced_error_handling};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(fallback = 1)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

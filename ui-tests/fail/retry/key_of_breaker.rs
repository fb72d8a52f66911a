//! A key of the breaker.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(failure_threshold = 3)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! Two keys for the same limit.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(max_retries = 3, max_attempts = 4)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

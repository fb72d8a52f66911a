//! Two keys that say the same thing exclude each other.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(max_retries = 3, max_attempts = 4)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

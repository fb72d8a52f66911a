//! Invalid values of keys that exclude others.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(
    max_attempts = 0,
    retry_if_result = 3
)]
async fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! A misspelt backoff.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(backoff = "exponental")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

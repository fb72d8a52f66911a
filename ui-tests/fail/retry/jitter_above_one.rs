//! A jitter above 1.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(jitter = 1.5)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

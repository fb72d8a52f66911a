//! A key of the breaker is told whose it is.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(name = "db")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! A factor of a constant backoff.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(backoff = "constant", backoff_factor = 2.0)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

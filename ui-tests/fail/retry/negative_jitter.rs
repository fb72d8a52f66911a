//! A negative jitter.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(jitter = -0.2)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

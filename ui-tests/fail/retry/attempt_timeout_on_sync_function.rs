//! `attempt_timeout` on a sync function.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(attempt_timeout = "1s")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! `on_retry` with a closure of other arguments.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(on_retry = |attempt, delay| ())]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

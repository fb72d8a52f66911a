//! `retry_if_result` with other arguments.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

fn is_pending(_: &i32) -> bool {
    true
}

#[retry(retry_if_result = is_pending)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! `retry_if` with other arguments.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(retry_if = is_worth_it)]
fn f() -> R<i32> {
    Ok(1)
}

fn is_worth_it(code: u32) -> bool {
    code == 503
}

fn main() {}

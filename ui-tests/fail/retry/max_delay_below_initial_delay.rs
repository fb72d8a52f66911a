//! A maximum delay below the initial one.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(initial_delay = "2s", max_delay = "1s")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

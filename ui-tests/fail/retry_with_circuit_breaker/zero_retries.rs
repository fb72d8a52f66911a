//! No retry at all is no retry.

use gardefou::{AppError, retry_with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[retry_with_circuit_breaker(name = "db", max_retries = 0)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

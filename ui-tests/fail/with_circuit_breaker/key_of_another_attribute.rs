//! A key of another attribute, which is named.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", max_retries = 3)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

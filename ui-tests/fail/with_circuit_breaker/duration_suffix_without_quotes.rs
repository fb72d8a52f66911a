//! A duration with a unit, without quotes.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", recovery_timeout = 30s)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

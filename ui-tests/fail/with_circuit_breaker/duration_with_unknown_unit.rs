//! A duration with an unknown unit.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", recovery_timeout = "30 parsecs")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! A duration with its units in ascending order.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", recovery_timeout = "1s1m")]
fn a() -> R<i32> {
    Ok(1)
}

fn main() {}

//! A count that exceeds its type.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", failure_threshold = 99999999999)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

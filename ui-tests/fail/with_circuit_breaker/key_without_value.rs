//! A key without a value is told how to write one.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", failure_threshold)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

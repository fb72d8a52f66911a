//! A minimum of calls without a window.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", min_calls = 3)]
fn a() -> R<i32> {
    Ok(1)
}

fn main() {}

//! A minimum of calls above the size of the window.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", window = "10 calls", failure_rate = 0.5, min_calls = 20)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

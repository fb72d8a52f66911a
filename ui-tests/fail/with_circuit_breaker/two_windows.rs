//! Two windows.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", window = "60s", count_window = 50, failure_rate = 0.5)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! A rate of slow calls without `slow_call`.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", slow_rate = 0.5)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

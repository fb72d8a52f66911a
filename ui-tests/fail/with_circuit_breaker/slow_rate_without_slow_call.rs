//! A rate of slow calls needs to know what slow is.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", slow_rate = 0.5)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

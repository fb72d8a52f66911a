//! A maximum open time below the default of the first one.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", max_recovery_timeout = 10)]
fn a() -> R<i32> {
    Ok(1)
}

fn main() {}

//! A window without a rate.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", window = "100 calls")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! A value without a key, for which the most likely key is suggested.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker("db")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

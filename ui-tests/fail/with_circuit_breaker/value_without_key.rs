//! A value without a key is told which key it was most likely meant for.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker("db")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

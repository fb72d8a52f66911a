//! An empty name.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

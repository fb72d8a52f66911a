//! A repeated key, reported at its second place.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "a", name = "b")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

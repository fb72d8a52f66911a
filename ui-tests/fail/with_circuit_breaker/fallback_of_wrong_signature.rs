//! A fallback with other arguments.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", fallback = cached)]
fn f() -> R<i32> {
    Ok(1)
}

fn cached() -> R<i32> {
    Ok(2)
}

fn main() {}

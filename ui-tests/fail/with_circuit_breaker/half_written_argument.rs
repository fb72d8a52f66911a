//! A half-written argument is one mistake, and the function is still there.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", failure_threshold = )]
fn f() -> R<i32> {
    Ok(1)
}

fn g() -> R<i32> {
    f()
}

fn main() {}

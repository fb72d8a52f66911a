//! An incomplete argument is one error, and the function stays defined.

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

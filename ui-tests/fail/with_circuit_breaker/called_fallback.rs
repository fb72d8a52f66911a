//! The call of a function in place of the function.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", fallback = cached())]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! A type mismatch in the body, reported there.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db")]
async fn f() -> R<i32> {
    "a"
}

fn main() {}

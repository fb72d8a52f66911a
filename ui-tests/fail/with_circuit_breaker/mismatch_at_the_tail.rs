//! A mistake of the body is told at the body.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db")]
async fn f() -> R<i32> {
    "a"
}

fn main() {}

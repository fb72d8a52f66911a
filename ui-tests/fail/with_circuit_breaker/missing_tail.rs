//! An async body without a value.

use gardefou::*;

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db")]
async fn f() -> R<i32> {
    let _ = 1;
}

#[with_circuit_breaker(name = "db")]
async fn g() -> R<i32> {
    Ok(1);
}

fn main() {}

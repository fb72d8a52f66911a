//! A misspelt key, which is not missing as well.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(nmae = "db")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! A name above the longest length.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "breaker-breaker-breaker-breaker-breaker-breaker-breaker-breaker-breaker-breaker-breaker-breaker-breaker-breaker-breaker-breaker-breaker-")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

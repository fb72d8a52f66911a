//! Several mistakes, reported at once.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(nmae = "db", failure_threshold = "3", failure_threshold = 4, colour = 1)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

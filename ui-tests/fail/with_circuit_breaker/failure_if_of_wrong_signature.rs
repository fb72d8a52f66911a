//! `failure_if` with other arguments.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", failure_if = is_bad)]
fn f() -> R<i32> {
    Ok(1)
}

fn is_bad(error: &AppError) -> bool {
    error.is_coded()
}

fn main() {}

//! `ignore_if` with other arguments.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

fn is_harmless(_: &AppError) -> bool {
    true
}

#[with_circuit_breaker(name = "db", ignore_if = is_harmless)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

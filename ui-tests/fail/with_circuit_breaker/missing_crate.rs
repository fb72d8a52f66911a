//! A missing crate, reported once.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", crate = nowhere)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

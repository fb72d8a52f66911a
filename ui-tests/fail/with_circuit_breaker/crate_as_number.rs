//! A number in place of the crate's path.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", crate = 1)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

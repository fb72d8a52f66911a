//! Values without a key, for which no key is suggested that is given or does not fit.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", "reads", 3)]
fn a() -> R<i32> {
    Ok(1)
}

#[with_circuit_breaker(3)]
fn b() -> R<i32> {
    Ok(1)
}

fn main() {}

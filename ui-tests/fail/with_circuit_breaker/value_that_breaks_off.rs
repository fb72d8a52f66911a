//! A value that ends too early is underlined, not the whole attribute.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", failure_threshold = 1 +)]
fn a() -> R<i32> {
    Ok(1)
}

fn main() {}

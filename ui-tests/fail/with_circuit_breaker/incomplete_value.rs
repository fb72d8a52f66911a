//! An incomplete value, underlined without the rest of the attribute.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", failure_threshold = 1 +)]
fn a() -> R<i32> {
    Ok(1)
}

fn main() {}

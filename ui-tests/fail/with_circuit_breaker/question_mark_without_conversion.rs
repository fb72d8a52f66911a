//! A `?` without a conversion, reported at the `?`.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db")]
fn f() -> R<i32> {
    Err(E2)?;
    Ok(1)
}

struct E2;

fn main() {}

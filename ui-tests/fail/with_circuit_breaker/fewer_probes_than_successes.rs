//! Fewer probes than must succeed.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", half_open_max_calls = 1, success_threshold = 3)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

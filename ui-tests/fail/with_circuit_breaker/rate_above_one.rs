//! A percentage in place of a share.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", window = "100 calls", failure_rate = 50)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

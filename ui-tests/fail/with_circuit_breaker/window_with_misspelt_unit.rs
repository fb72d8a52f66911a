//! A misspelt `calls`.

use gardefou::*;

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", window = "100 cals", failure_rate = 0.5)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

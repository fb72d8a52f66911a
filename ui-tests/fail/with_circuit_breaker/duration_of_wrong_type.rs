//! A constant that is not a `Duration`.

use gardefou::{AppError, ErrorCode, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", recovery_timeout = ErrorCode::TIMEOUT_ERROR)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

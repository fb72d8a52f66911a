//! Unexpected tokens between arguments.

use gardefou::{AppError, enhanced_error_handling, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db",, failure_threshold = 3)]
fn a() -> R<i32> {
    Ok(1)
}

#[with_circuit_breaker(,)]
fn b() -> R<i32> {
    Ok(1)
}

#[enhanced_error_handling(log_level => "warn")]
fn c() -> R<i32> {
    Ok(1)
}

#[enhanced_error_handling(log_level == "warn")]
fn d() -> R<i32> {
    Ok(1)
}

fn main() {}

//! A number of keys without a key.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", max_keys = 3)]
fn a() -> R<i32> {
    Ok(1)
}

#[with_circuit_breaker(name = "db", key = host, max_keys = 1_000_001)]
fn b(host: &str) -> R<usize> {
    Ok(host.len())
}

fn main() {}

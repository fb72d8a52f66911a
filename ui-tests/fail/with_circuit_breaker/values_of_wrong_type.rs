//! Values of the wrong type.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(
    name = "a\nb",
    failure_threshold = 3u64,
    half_open_max_calls = true,
    recovery_timeout = true,
    max_recovery_timeout = 1e300,
    recovery_backoff = true,
    recovery_jitter = "0.5",
    half_open_timeout = "1m 30",
    min_calls = 1.5,
    window = "100 cals",
    seed = 99_999_999_999_999_999_999
)]
fn f() -> R<i32> {
    Ok(1)
}

#[with_circuit_breaker(name = "db", window = 100, failure_rate = 0.5)]
fn g() -> R<i32> {
    Ok(1)
}

fn main() {}

//! Each key with an invalid value.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(
    name = 3,
    failure_threshold = 0,
    recovery_timeout = 0,
    half_open_max_calls = 0,
    success_threshold = -1,
    recovery_backoff = 0.5,
    max_recovery_timeout = 0,
    recovery_jitter = 1.5,
    half_open_timeout = "0s",
    count_window = 0,
    failure_rate = 0,
    min_calls = "5",
    slow_call = 0,
    slow_rate = 1.5,
    abandoned_after = -1,
    failure_if = 3,
    ignore_if = 3,
    fallback = Ok(1),
    shadow = "yes",
    timed = 1,
    span = 2,
    shared = "yes",
    on_store_loss = "closd",
    control = true,
    on_transition = 3,
    seed = -1,
    key = "acme",
    max_keys = 0,
    crate = 3
)]
async fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

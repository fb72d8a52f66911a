//! Each key with an invalid value.

use gardefou::{AppError, retry};

type R<T> = Result<T, AppError>;

#[retry(
    max_retries = -1,
    initial_delay = "fast",
    backoff = 3,
    backoff_factor = 0.5,
    max_delay = true,
    max_elapsed = 0,
    attempt_timeout = 0,
    jitter = 1.5,
    delay = "2s",
    retry_if = true,
    on_retry = log(),
    on_give_up = 3,
    log_level = 3,
    budget = 3,
    name = "",
    timed = "no",
    span = "no",
    seed = "7",
    key = "acme",
    max_keys = 0,
    crate = 3
)]
async fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! Arguments of policies that their own attributes refuse, each at its place.

use gardefou::{AppError, resilient};

type R<T> = Result<T, AppError>;

#[resilient(
    name = "a",
    timeout = 0,
    retry(max_retrys = 2),
    circuit_breaker(failure_threshold = 0),
    rate_limit = "many",
    bulkhead(max_concurrent = "four"),
)]
fn f() -> R<u32> {
    Ok(1)
}

#[resilient(name = "a", hedge(after = "50ms"))]
fn blocking() -> R<u32> {
    Ok(1)
}

#[resilient(name = "a", timeout = "2s")]
fn no_result() -> u32 {
    1
}

fn main() {}

//! Each key with an invalid value.

use gardefou::{AppError, bulkhead};

type R<T> = Result<T, AppError>;

#[bulkhead(name = "", max_concurrent = -1, max_wait = "2 sec", max_queue = 1_000_001, crate = 3)]
fn f() -> R<i32> {
    Ok(1)
}

#[bulkhead(adaptive = "yes", min = 0, max = 0, timed = "yes", span = 0)]
fn g() -> R<i32> {
    Ok(1)
}

#[bulkhead(key = "acme", max_keys = 0)]
fn h() -> R<i32> {
    Ok(1)
}

fn main() {}

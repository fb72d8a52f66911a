//! Keys that contradict each other, and keys without the one that they need.

use gardefou::{AppError, bulkhead};

type R<T> = Result<T, AppError>;

#[bulkhead(max_queue = 4)]
fn no_wait() -> R<i32> {
    Ok(1)
}

#[bulkhead(max_wait = 0, max_queue = 4)]
fn zero_wait() -> R<i32> {
    Ok(1)
}

#[bulkhead(min = 2, max = 8)]
fn not_adaptive() -> R<i32> {
    Ok(1)
}

#[bulkhead(adaptive = true, min = 8, max = 2)]
fn wrong_order() -> R<i32> {
    Ok(1)
}

#[bulkhead(adaptive = true, max_concurrent = 300)]
fn start_outside() -> R<i32> {
    Ok(1)
}

#[bulkhead(4)]
fn without_key() -> R<i32> {
    Ok(1)
}

#[bulkhead(max_concurent = 4, recovery_timeout = "5s")]
fn unknown() -> R<i32> {
    Ok(1)
}

fn main() {}

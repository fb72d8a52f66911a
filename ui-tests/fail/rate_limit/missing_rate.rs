//! No rate, a rate of another type, and a key of another attribute.

use gardefou::{AppError, rate_limit};

type R<T> = Result<T, AppError>;

#[rate_limit(name = "search", burst = 5)]
fn missing() -> R<i32> {
    Ok(1)
}

const RATE: u32 = 5;

#[rate_limit(RATE)]
fn other_type() -> R<i32> {
    Ok(1)
}

#[rate_limit("5/s", max_retries = 3)]
fn other_key() -> R<i32> {
    Ok(1)
}

fn main() {}

//! Strings without their quotes.

use gardefou::{AppError, enhanced_error_handling, retry};

type R<T> = Result<T, AppError>;

#[enhanced_error_handling(log_level = error)]
fn a() -> R<i32> {
    Ok(1)
}

#[retry(backoff = exponential)]
fn b() -> R<i32> {
    Ok(1)
}

#[retry(jitter = full)]
fn c() -> R<i32> {
    Ok(1)
}

fn main() {}

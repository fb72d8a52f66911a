//! `delay` with other arguments or another result.

use gardefou::{AppError, retry, retry::Attempt};
use std::time::Duration;

type R<T> = Result<T, AppError>;

#[retry(delay = of_the_number)]
fn f() -> R<i32> {
    Ok(1)
}

fn of_the_number(number: u32) -> Duration {
    Duration::from_secs(number.into())
}

#[retry(delay = in_seconds)]
fn g() -> R<i32> {
    Ok(1)
}

fn in_seconds(attempt: Attempt, _: &AppError) -> u32 {
    attempt.index
}

#[retry(delay = backoff())]
fn h() -> R<i32> {
    Ok(1)
}

fn main() {}

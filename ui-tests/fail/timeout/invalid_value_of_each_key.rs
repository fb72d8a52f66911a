//! Each key with an invalid value.

use gardefou::{AppError, timeout};

type R<T> = Result<T, AppError>;

#[timeout(limit = 0, name = "", timed = "on", span = 1, crate = 3)]
fn f() -> R<i32> {
    Ok(1)
}

#[timeout("2 sec")]
fn g() -> R<i32> {
    Ok(1)
}

fn main() {}

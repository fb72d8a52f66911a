//! No limit, and a key of another attribute in its place.

use gardefou::{AppError, timeout};

type R<T> = Result<T, AppError>;

#[timeout(name = "export")]
fn f() -> R<i32> {
    Ok(1)
}

#[timeout(attempt_timeout = "2s")]
fn g() -> R<i32> {
    Ok(1)
}

fn main() {}

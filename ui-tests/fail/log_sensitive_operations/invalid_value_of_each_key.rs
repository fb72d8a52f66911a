//! Each key with an invalid value.

use gardefou::{AppError, log_sensitive_operations};

type R<T> = Result<T, AppError>;

#[log_sensitive_operations(
    name = format!("a"),
    user = missing,
    success_level = 3,
    error_level = "loud",
    crate = 3
)]
async fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! A key of another attribute.

use gardefou::{AppError, log_sensitive_operations};

type R<T> = Result<T, AppError>;

#[log_sensitive_operations("delete", capture(user_id))]
fn f(user_id: u32) -> R<u32> {
    Ok(user_id)
}

fn main() {}

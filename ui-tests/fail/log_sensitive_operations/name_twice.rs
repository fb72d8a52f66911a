//! A name in first position and after its key.

use gardefou::{AppError, log_sensitive_operations};

type R<T> = Result<T, AppError>;

#[log_sensitive_operations("delete", name = "remove")]
fn f(user_id: u32) -> R<u32> {
    Ok(user_id)
}

fn main() {}

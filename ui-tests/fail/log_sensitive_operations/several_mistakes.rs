//! Several mistakes, reported at once.

use gardefou::{AppError, log_sensitive_operations};

type R<T> = Result<T, AppError>;

#[log_sensitive_operations("", usr = user_id, success_level = "loud", error_levle = "warn")]
fn f(user_id: u32) -> R<u32> {
    Ok(user_id)
}

fn main() {}

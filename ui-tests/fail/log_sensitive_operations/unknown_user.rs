//! A user that is not in scope.

use gardefou::{AppError, log_sensitive_operations};

type R<T> = Result<T, AppError>;

#[log_sensitive_operations("delete", user = account)]
fn f(user_id: u32) -> R<u32> {
    Ok(user_id)
}

fn main() {}

//! A function that does not return a `Result`.

use gardefou::{AppError, log_sensitive_operations};

type R<T> = Result<T, AppError>;

#[log_sensitive_operations("delete")]
fn f(user_id: u32) -> u32 {
    user_id
}

fn main() {}

//! A path that is not a `LogLevel`.

use gardefou::{AppError, log_sensitive_operations};

type R<T> = Result<T, AppError>;

#[log_sensitive_operations("delete", error_level = LEVEL)]
fn f(user_id: u32) -> R<u32> {
    Ok(user_id)
}

const LEVEL: u8 = 1;

fn main() {}

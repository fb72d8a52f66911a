//! A name that is a variable.

use gardefou::{AppError, log_sensitive_operations};

type R<T> = Result<T, AppError>;

#[log_sensitive_operations(name.trim(), user = "ann")]
fn of_a_method(name: &'static str) -> R<usize> {
    Ok(name.len())
}

fn main() {}

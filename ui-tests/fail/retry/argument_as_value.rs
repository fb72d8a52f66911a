#![allow(unused)]

use gardefou::{AppError, ErrorCode, enhanced_error_handling, log_sensitive_operations, retry};

type R = Result<(), AppError>;

#[retry(max_attempts = n, jitter = spread, on_retry = |failed| note(log, failed), budget = shared)]
fn retried(n: u32, spread: f64, log: &str, shared: &'static str) -> R {
    Ok(())
}

// Predicates are asked in the call, and a closure's own arguments are its own.
#[retry(retry_if = |_| again, on_retry = |failed| drop(failed))]
fn fine(again: bool, failed: bool) -> R {
    Ok(())
}

#[enhanced_error_handling(error_code = code)]
fn handled(code: ErrorCode) -> R {
    Ok(())
}

#[log_sensitive_operations(operation, user = user, success_level = level)]
fn audited(operation: &'static str, user: &str, level: gardefou::event::LogLevel) -> R {
    Ok(())
}

fn main() {}

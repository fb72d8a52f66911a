//! Invalid values of keys that exclude others.

use gardefou::{AppError, retry_with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[retry_with_circuit_breaker(
    name = "db",
    window = "many",
    time_window = true,
    failure_rate = 0.5,
    max_attempts = 0,
    retry_if_result = is_pending()
)]
async fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

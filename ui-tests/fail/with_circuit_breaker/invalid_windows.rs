//! Invalid windows, and two of them.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(
    name = "db",
    window = "0 calls",
    count_window = "50",
    time_window = 0,
    failure_rate = 0.5
)]
async fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

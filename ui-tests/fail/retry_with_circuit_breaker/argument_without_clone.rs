//! A by-value argument without `Clone`.

use gardefou::{AppError, retry_with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[retry_with_circuit_breaker(name = "db", max_retries = 2)]
fn f(c: Conn) -> R<i32> {
    drop(c);
    Ok(1)
}

struct Conn;

fn main() {}

//! `self` by value.

use gardefou::{AppError, retry_with_circuit_breaker};

type R<T> = Result<T, AppError>;

struct S;

impl S {
    #[retry_with_circuit_breaker(name = "db", max_retries = 2)]
    fn f(self) -> R<i32> {
        Ok(1)
    }
}

fn main() {}

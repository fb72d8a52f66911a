//! A return value that borrows from `&mut self`.

use gardefou::{AppError, retry_with_circuit_breaker};

type R<T> = Result<T, AppError>;

struct S(i32);

impl S {
    #[retry_with_circuit_breaker(name = "db", max_retries = 2)]
    fn f(&mut self) -> R<&mut i32> {
        Ok(&mut self.0)
    }
}

fn main() {}

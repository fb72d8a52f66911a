//! A method without a body has nothing to guard.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

trait T {
    #[with_circuit_breaker(name = "db")]
    fn f(&self) -> R<i32>;
}

fn main() {}

//! The attribute on a method without a body.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

trait T {
    #[with_circuit_breaker(name = "db")]
    fn f(&self) -> R<i32>;
}

fn main() {}

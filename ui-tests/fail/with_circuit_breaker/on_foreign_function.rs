//! The attribute on a function of an `extern` block.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

unsafe extern "C" {
    #[with_circuit_breaker(name = "db")]
    fn f() -> R<i32>;
}

fn main() {}

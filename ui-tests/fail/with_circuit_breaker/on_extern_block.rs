//! The attribute on an `extern` block.

use gardefou::*;

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db")]
unsafe extern "C" {
    fn f() -> i32;
}

fn main() {}

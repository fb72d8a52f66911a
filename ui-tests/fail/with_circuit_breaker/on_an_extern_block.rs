//! A block of foreign functions has no bodies.

use gardefou::*;

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db")]
unsafe extern "C" {
    fn f() -> i32;
}

fn main() {}

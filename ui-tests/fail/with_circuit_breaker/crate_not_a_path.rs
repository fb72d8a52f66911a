//! A string that is not a path.

use gardefou::*;

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", crate = "not a path")]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! A `:` in place of `=`: the name is not missing as well.

use gardefou::*;

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name: "db")]
fn f() -> R<i32> {
    Ok(1)
}

#[with_circuit_breaker(name("db"))]
fn g() -> R<i32> {
    Ok(1)
}

fn main() {}

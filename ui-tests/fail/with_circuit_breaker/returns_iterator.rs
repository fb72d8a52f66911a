//! A function that returns an iterator.

use gardefou::*;

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db")]
fn f() -> impl Iterator<Item = i32> {
    0..3
}

#[with_circuit_breaker(name = "db")]
fn g() -> std::option::Option<i32> {
    None
}

fn main() {}

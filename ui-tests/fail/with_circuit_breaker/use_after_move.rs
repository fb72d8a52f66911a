//! A use after a move, reported in the user's body.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db")]
fn f(v: Vec<u8>) -> R<i32> {
    drop(v);
    drop(v);
    Ok(1)
}

fn main() {}

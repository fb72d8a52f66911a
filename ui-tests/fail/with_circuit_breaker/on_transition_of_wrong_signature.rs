//! `on_transition` with other arguments.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

#[with_circuit_breaker(name = "db", on_transition = |state: u32| println!("{state}"))]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

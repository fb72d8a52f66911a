//! A path that is not a `ManualControl`.

use gardefou::{AppError, with_circuit_breaker};

type R<T> = Result<T, AppError>;

static SWITCH: bool = true;

#[with_circuit_breaker(name = "db", control = SWITCH)]
fn f() -> R<i32> {
    Ok(1)
}

fn main() {}

//! The error type must be able to say that the call was rejected.

use gardefou::with_circuit_breaker;

#[with_circuit_breaker(name = "db")]
fn f() -> Result<i32, E> {
    Ok(1)
}

#[derive(Debug)]
struct E;

fn main() {}

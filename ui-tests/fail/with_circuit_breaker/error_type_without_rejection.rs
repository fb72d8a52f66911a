//! An error type that cannot be built from a rejection.

use gardefou::with_circuit_breaker;

#[with_circuit_breaker(name = "db")]
fn f() -> Result<i32, E> {
    Ok(1)
}

#[derive(Debug)]
struct E;

fn main() {}

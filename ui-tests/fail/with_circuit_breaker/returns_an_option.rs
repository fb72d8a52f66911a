//! An `Option` has no error.

use gardefou::with_circuit_breaker;

#[with_circuit_breaker(name = "db")]
fn f() -> Option<i32> {
    None
}

fn main() {}

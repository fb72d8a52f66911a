//! A function that returns an `Option`.

use gardefou::with_circuit_breaker;

#[with_circuit_breaker(name = "db")]
fn f() -> Option<i32> {
    None
}

fn main() {}

//! A function without a return type.

use gardefou::with_circuit_breaker;

#[with_circuit_breaker(name = "db")]
fn f() {}

fn main() {}

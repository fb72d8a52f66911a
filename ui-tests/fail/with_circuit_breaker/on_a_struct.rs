//! The attribute goes on a function.

use gardefou::with_circuit_breaker;

#[with_circuit_breaker(name = "db")]
struct S;

fn main() {}

//! The attribute on a struct.

use gardefou::with_circuit_breaker;

#[with_circuit_breaker(name = "db")]
struct S;

fn main() {}

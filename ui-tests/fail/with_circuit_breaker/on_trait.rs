//! The attribute on a trait.

use gardefou::with_circuit_breaker;

#[with_circuit_breaker(name = "db")]
trait T {}

fn main() {}

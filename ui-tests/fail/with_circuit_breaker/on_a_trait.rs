//! The attribute goes on a function, not on the trait around it.

use gardefou::with_circuit_breaker;

#[with_circuit_breaker(name = "db")]
trait T {}

fn main() {}

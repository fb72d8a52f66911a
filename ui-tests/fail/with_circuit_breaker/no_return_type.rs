//! A guarded function returns a `Result`.

use gardefou::with_circuit_breaker;

#[with_circuit_breaker(name = "db")]
fn f() {}

fn main() {}

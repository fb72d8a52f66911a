//! A type that is no `Result` under any name is told by its bound.

use gardefou::with_circuit_breaker;

#[with_circuit_breaker(name = "db")]
fn f() -> Answer {
    Answer
}

struct Answer;

fn main() {}

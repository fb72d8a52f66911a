//! `cargo bench -p gardefou-benches --bench breaker`: what a circuit breaker costs.

use gardefou_benches::{Table, breaker};

fn main() {
    breaker::all(&mut Table::new("circuit breaker"));
}

//! `cargo bench -p gardefou-benches --bench rate_limit`: what a rate limiter costs.

use gardefou_benches::{Table, rate_limit};

fn main() {
    rate_limit::all(&mut Table::new("rate limit"));
}

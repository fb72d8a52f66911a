//! `cargo bench -p gardefou-benches --bench guards`: what timeouts, hedges, fallbacks and pipelines cost.

use gardefou_benches::{Table, guards};

fn main() {
    guards::all(&mut Table::new("guards and pipelines"));
}

//! `cargo bench -p gardefou-benches --bench bulkhead`: what a bulkhead costs.

use gardefou_benches::{Table, bulkhead};

fn main() {
    bulkhead::all(&mut Table::new("bulkhead"));
}

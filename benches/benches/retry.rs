//! `cargo bench -p gardefou-benches --bench retry`: what a retry costs.

use gardefou_benches::{Table, retry};

fn main() {
    retry::all(&mut Table::new("retry"));
}

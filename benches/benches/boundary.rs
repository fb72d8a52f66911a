//! `cargo bench -p gardefou-benches --bench boundary`: what a boundary costs.

use gardefou_benches::{Table, boundary};

fn main() {
    boundary::all(&mut Table::new("boundary"));
}

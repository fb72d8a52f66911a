//! `cargo bench -p gardefou-benches --bench keyed`: what a guard for each key costs.
//!
//! The guard of a known key, one of 10,000, is to be found in at most 60 ns by one thread. Of two threads at
//! once each takes up to twice as long: they count their handles in a word of the guard, and where the
//! other one had it last, its cache line goes from one to the other.

use gardefou_benches::{Table, keyed};

fn main() {
    keyed::all(&mut Table::new("keys, one of 10,000 unless noted"));
}

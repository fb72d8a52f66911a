//! `cargo bench -p gardefou-benches --bench keyed`: what a guard for each key costs.
//!
//! Bar: the guard of a known key, one of 10,000, is found in at most 60 ns, also by two threads at
//! once. Not where both look up one key at the same moment: they count their handles in one word, and
//! its cache line goes from one to the other.

use gardefou_benches::{Table, keyed};

fn main() {
    keyed::all(&mut Table::new("keys, one of 10,000 unless noted"));
}

//! Placeholder until the quickstart program is written.
fn main() {}

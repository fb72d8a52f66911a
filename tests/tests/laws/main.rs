//! Laws that every guard keeps: one table of guards against one table of laws.
//!
//! Each row of [`laws!`] is a guard, each test of the macro a law; every cell is a test. That two
//! threads do not slow each other is measured by `cargo bench -p gardefou-benches --bench guards`.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod guards;
mod laws;

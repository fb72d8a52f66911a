//! Tests of code that is guarded: a scope of its own for each test.
//!
//! Attributes resolve their breakers in a registry of the process, errors are counted by the
//! monitor of the process, and `#[retry]` on a function that blocks really sleeps. For tests that
//! means shared state, an order in which they pass, and seconds of waiting. Inside of a [`Scope`]
//! each of these is the scope's own, and time is a [`ManualClock`](crate::time::ManualClock).
//!
//! The module needs the feature `test-util`. Without the feature none of it is compiled, and
//! guarded functions do not look for a scope.

mod scope;

pub use crate::monitor::journal::MemoryJournal;
pub use scope::{Entered, Scope};

/// The page on testing, so that its code is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/testing.md")]
mod page {}

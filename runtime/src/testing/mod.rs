//! Scopes for tests of guarded code.
//!
//! Attributes resolve their breakers in a registry of the process, errors are counted by the
//! monitor of the process, and `#[retry]` on a blocking function really sleeps. Tests then share
//! state, depend on their order, and wait for seconds. A [`Scope`] has its own breakers, monitor,
//! journal and health checks, and its time is a [`ManualClock`](crate::time::ManualClock).
//!
//! The module needs the feature `test-util`. Without it guarded functions do not look for a scope.

mod scope;

pub use scope::{Entered, Scope};

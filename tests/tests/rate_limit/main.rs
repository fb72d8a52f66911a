//! Rate limiters through the public API.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod attribute;
mod laws;
mod permits;
mod sharing;
mod waiting;

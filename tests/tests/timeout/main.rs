//! Timeouts through the public API.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod asynchronous;
mod attribute;
mod blocking;
mod composition;

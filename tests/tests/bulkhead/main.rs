//! Bulkheads through the public API.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod adaptive;
mod asynchronous;
mod attribute;
mod blocking;
mod calls;
mod configuration;
mod contention;
mod stress;
mod support;

//! Hedges through the public API, on tokio's paused time.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod attempts;
mod attribute;
mod breakers;
mod budget;
mod quantile;
mod reports;
mod support;

//! Fault injection through the public API.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod attributes;
mod errors;
mod guards;
mod observation;
mod rules;
mod waits;

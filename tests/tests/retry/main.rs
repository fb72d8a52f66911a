//! Retries as their users see them. Each module names the lines of the parity table (R..) and of the field's
//! behaviours (numbers) that it holds.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod asynchronous;
mod attribute;
mod budget;
mod composition;
mod configuration;
mod counts;
mod hooks;
mod outcome;
mod rejected;
mod support;
mod telemetry;
mod waiting;

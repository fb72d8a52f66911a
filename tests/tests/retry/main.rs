//! Retries through the public API.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod asynchronous;
mod attribute;
mod budget;
mod composition;
mod configuration;
mod counts;
mod hooks;
mod no_room;
mod open_circuit;
mod outcome;
mod rejected;
mod support;
mod telemetry;
mod waiting;

//! Refusals, errors and panics of an axum router as problem details and as records.

#![expect(clippy::unwrap_used, reason = "a test that finds nothing has failed")]

mod members;
mod panics;
mod records;
mod refusals;
mod requests;
mod support;

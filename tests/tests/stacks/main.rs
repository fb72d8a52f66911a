//! Guards in the stacks of other crates: layers of tower, a middleware of reqwest, and deadlines that
//! pass from one service to the next.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod cost;
mod deadlines;
#[cfg(feature = "chaos")]
mod faults;
mod hedged_outcomes;
mod hedges;
mod interleaved;
mod pipelines;
mod readiness;
mod reqwest_client;
mod retries;
mod server;
mod support;

//! Metrics: the catalogue, its page, and what real exporters make of it.

#![expect(clippy::unwrap_used, reason = "a test that finds nothing has failed")]

mod catalogue;
mod dashboards;
mod durations;
mod fleet;
mod guards;
mod hanging;
mod lifetime;
mod names;
mod observation;
mod opentelemetry;
mod retries;
mod support;
mod timed;
mod traces;
mod waiting;

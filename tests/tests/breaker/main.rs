//! Circuit breakers through the public API, on a manual clock.

#![expect(clippy::unwrap_used, reason = "a test that finds nothing has failed")]

mod calls;
mod closing;
mod configuration;
mod counting;
mod dropping;
mod events;
mod laws;
mod manual;
mod memory;
mod nested;
mod opening;
mod probing;
mod registry;
mod rejecting;
mod slow;
mod support;
mod texts;
mod time_lines;

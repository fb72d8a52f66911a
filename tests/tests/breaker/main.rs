//! Circuit breakers through the public API: what users of the field's best breakers rely on, on a
//! clock that stands still until it is told to move.

#![expect(clippy::unwrap_used, reason = "a test that finds nothing has failed")]

mod calls;
mod closing;
mod configuration;
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
mod time_lines;

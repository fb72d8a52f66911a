//! Tests across the kinds of events.

mod debug;

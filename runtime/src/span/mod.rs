//! Spans of guarded calls, where they are asked for.
//!
//! A span begins with the call and ends with its outcome. In sync code it is entered while the call
//! runs, in async code during each poll. Attempts of a retry or hedge are events in it. Nothing of a
//! span, and no panic of a subscriber, reaches the call.

mod active;
mod attempts;
mod facts;
#[cfg(feature = "config-spans")]
mod in_place;
mod subject;
mod traced;

pub(crate) use active::{ActiveSpan, run};
pub(crate) use attempts::{AttemptEnd, is_watched, note_attempt, note_end};
pub(crate) use facts::id_of;
#[cfg(feature = "config-spans")]
pub(crate) use in_place::SpanInPlace;
#[cfg(all(feature = "config-spans", feature = "async"))]
pub(crate) use in_place::{InSpan, Seen, Unseen};
pub(crate) use subject::{Function, Subject};
pub(crate) use traced::{AnyError, Begin, Traced, Viewing};

use crate::event::hook;
use std::cell::Cell;

thread_local! {
    /// Whether this thread runs a subscriber for a span or an attempt: guarded calls in there have no
    /// span, since they might have another one for it, and so on.
    static IN_SUBSCRIBER: Cell<bool> = const { Cell::new(false) };
}

/// Runs code that calls the subscriber; `None` if that panics, or runs on this thread already.
fn contained<R>(run: impl FnOnce() -> R) -> Option<R> {
    hook::run(&IN_SUBSCRIBER, run)
}

//! Attempts of a retry or hedge, as events in the span of their call.

use super::{contained, facts::Facts};
use crate::{
    call::{PackedSeries, packed_series},
    error::{ErrorId, View, redact},
    event::names::TARGET_ATTEMPT,
};
use std::{cell::Cell, time::Duration};
use tracing::Level;

thread_local! {
    /// The innermost span that is entered on this thread.
    static WATCH: Cell<Option<Watch>> = const { Cell::new(None) };
}

/// A span whose call makes attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    /// How many have ended.
    attempts: u32,
    /// The attempt around the span. One that is made in another attempt is none of the span's call.
    around: PackedSeries,
    /// How the last series of attempts failed, if it did.
    failure: Option<NotedFailure>,
}

/// What a span shows of a failed call whose error is gone when the span ends.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "config-spans"),
    allow(dead_code, reason = "other spans end with the error itself")
)]
pub(super) struct NotedFailure {
    pub(super) facts: Facts,
    pub(super) id: Option<ErrorId>,
    pub(super) is_rejected: bool,
}

impl NotedFailure {
    pub(super) fn new(view: View<'_>, id: Option<ErrorId>) -> Self {
        Self {
            facts: Facts::of(view),
            id,
            is_rejected: view.is_rejected(),
        }
    }
}

/// Makes a span the innermost one; returns the one around it.
pub(super) fn enter(attempts: u32, failure: Option<NotedFailure>) -> Option<Watch> {
    let watch = Some(Watch {
        attempts,
        around: packed_series(),
        failure,
    });
    WATCH.try_with(|innermost| innermost.replace(watch)).ok()?
}

/// Returns to the span around; returns how many attempts have ended in the span, and how the last
/// series of them failed.
pub(super) fn leave(outer: Option<Watch>) -> (u32, Option<NotedFailure>) {
    let watch = WATCH.try_with(|innermost| innermost.replace(outer));
    watch
        .ok()
        .flatten()
        .map_or((0, None), |watch| (watch.attempts, watch.failure))
}

/// Notes how a series of attempts ended that belongs to the innermost span of this thread: with this
/// error, or with a value.
pub(crate) fn note_end(error: Option<(View<'_>, Option<ErrorId>)>) {
    let Some(watch) = watch() else { return };
    let failure = error.map(|(view, id)| NotedFailure::new(view, id));
    let _ = WATCH.try_with(|innermost| innermost.set(Some(Watch { failure, ..watch })));
}

/// Returns `true` if an attempt that ends now on this thread belongs to a span.
pub(crate) fn is_watched() -> bool {
    watch().is_some()
}

fn watch() -> Option<Watch> {
    let watch = WATCH.try_with(Cell::get).ok().flatten()?;
    watch
        .around
        .is_same_attempt(packed_series())
        .then_some(watch)
}

/// How an attempt ended.
#[derive(Clone, Copy)]
pub(crate) enum AttemptEnd<'a> {
    Succeeded,
    /// It failed, with the delay until the next attempt if one follows.
    Failed {
        error: View<'a>,
        id: Option<ErrorId>,
        delay: Option<Duration>,
    },
    /// Its value was refused, with the delay until the next attempt if one follows.
    Refused {
        delay: Option<Duration>,
    },
    /// It was dropped, because another attempt was faster.
    #[cfg(feature = "async")]
    Superseded,
}

/// Writes an attempt to the innermost span of this thread, if it is one of its call.
pub(crate) fn note_attempt(guard: &'static str, name: &str, number: u32, end: AttemptEnd<'_>) {
    let Some(watch) = watch() else { return };
    let counted = Watch {
        attempts: watch.attempts.saturating_add(1),
        failure: watch
            .failure
            .filter(|_| !matches!(end, AttemptEnd::Succeeded)),
        ..watch
    };
    let _ = WATCH.try_with(|innermost| innermost.set(Some(counted)));
    contained(|| write(guard, Some(&redact::name(name)), number, end, None));
}

/// Writes an attempt as an event: in this span, or in the current one.
pub(super) fn write(
    guard: &'static str,
    name: Option<&str>,
    number: u32,
    end: AttemptEnd<'_>,
    span: Option<&tracing::Span>,
) {
    let (outcome, error, id, delay) = match end {
        AttemptEnd::Succeeded => ("succeeded", None, None, None),
        AttemptEnd::Failed { error, id, delay } => ("failed", Some(Facts::of(error)), id, delay),
        AttemptEnd::Refused { delay } => ("refused", None, None, delay),
        #[cfg(feature = "async")]
        AttemptEnd::Superseded => ("superseded", None, None, None),
    };
    let current;
    let span = match span {
        Some(span) => span,
        None => {
            current = tracing::Span::current();
            &current
        }
    };
    tracing::event!(
        target: TARGET_ATTEMPT,
        parent: span,
        Level::INFO,
        {
            guard.kind = guard,
            guard.name = name,
            attempt.number = number,
            outcome,
            retry.delay = delay.map(|delay| delay.as_secs_f64()),
            error.id = id.map(display),
            error.code = error.and_then(|error| error.code),
            "error.type" = error.map(|error| error.kind)
        },
        "attempt {number} {outcome}"
    );
}

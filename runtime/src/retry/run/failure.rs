//! Failed attempts: the decision, the callbacks, the event, and the details of the last error.

use super::Run;
use crate::{
    call::{self, Attempt},
    error::{AppError, Class, ErrorRef, View, details},
    event::{self, LogLevel, RecordSlot, RetryEvent, RetryEventKind, StopReason},
    retry::{
        hooks::{FailedAttempt, Next},
        inner::RetryInner,
        state::{Decision, Failure, SeriesState},
        view::ErrorView,
    },
    span::{self, AttemptEnd},
};
use std::{any::Any, time::Duration};

impl Run<'_> {
    #[cold]
    pub(super) fn after_error<E, V: ErrorView<E>>(
        mut self,
        error: &mut E,
        view: &V,
        retry_if: impl FnOnce(&E) -> Option<bool>,
        inside: Inside,
    ) -> (Self, Next) {
        let retry_if = retry_if(error);
        let seen = Seen {
            view: view.view(error),
            any: view.any(error),
            retry_if,
            inside,
            is_value: false,
            retry_after: None,
        };
        let own_delay = |attempt| view.own_delay(attempt, error);
        let (next, stop) = self.failed(seen, own_delay);
        if let Some(reason) = stop
            && let Some(app) = view.app_mut(error)
        {
            self.annotate(app, reason);
        }
        (self, next)
    }

    /// Decides what follows a value that a predicate refused.
    #[cold]
    #[inline(never)]
    pub(super) fn after_refused_value(mut self) -> (Self, Next) {
        let view = View::from_ref(ErrorRef::Display(&"the result was refused"));
        let seen = Seen {
            view,
            any: None,
            retry_if: Some(true),
            inside: Inside::default(),
            is_value: true,
            retry_after: None,
        };
        let (next, _) = self.failed(seen, |_| None);
        (self, next)
    }

    /// Decides what follows a value that is a failure, and ends its attempt.
    #[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
    pub(super) fn after_failed_value(mut self, failed: FailedValue<'_>) -> (Self, Next) {
        let seen = Seen {
            view: View::from_ref(ErrorRef::Display(failed.text)),
            any: None,
            retry_if: Some(true),
            inside: self.inside(),
            is_value: false,
            retry_after: failed.retry_after,
        };
        let (next, _) = self.failed(seen, |_| None);
        (self.end_attempt(next), next)
    }

    #[cold]
    #[inline(never)]
    fn failed(
        &mut self,
        seen: Seen<'_>,
        own_delay: impl FnOnce(Attempt) -> Option<Duration>,
    ) -> (Next, Option<StopReason>) {
        let inner = self.retry;
        let now = inner.clock().now();
        let hopeless = seen.hopeless(inner);
        let attempt = self.attempt();
        // User code, which is called only for a delay that can be used.
        let own_delay = (hopeless.is_none() && !attempt.is_last())
            .then(|| own_delay(attempt).or_else(|| inner.hooks.delay(attempt, seen.any)))
            .flatten();
        let failure = Failure {
            hopeless,
            own_delay,
            retry_after: seen
                .retry_after
                .or_else(|| seen.view.retry_after())
                .max(seen.inside.retry_after),
            remaining: call::remaining(),
        };
        let mut state = SeriesState::resume(self.began, self.frame.note());
        let terms = inner.terms.get();
        let decision = state.after_failure_at(&terms.config, failure, now);
        self.began = state.began();
        self.frame.set_note(state.note());
        let (next, stop) = match decision {
            // The budget comes last, so that a token is taken only for an attempt that is made.
            Decision::Retry(_) if !inner.budget.try_withdraw() => {
                (Next::Return, Some(StopReason::Budget))
            }
            Decision::Retry(delay) => (Next::Wait(self.unless_open(delay)), None),
            Decision::Stop(reason) => (Next::Return, Some(reason)),
        };
        let (attempts, elapsed) = (state.failed(), state.elapsed_at(now));
        if next == Next::Return && terms.config.timed {
            inner.counts.record(elapsed);
        }
        self.note_attempt(seen, attempts, next);
        let max_attempts = terms.config.max_attempts.get();
        inner.hooks.call(&FailedAttempt {
            name: &inner.name,
            index: attempts - 1,
            max_attempts,
            next,
            stop,
            elapsed,
            error: seen.view.error(),
            earlier_errors: self.frame.texts(),
            any: seen.any,
        });
        let kind = match (next, stop) {
            (Next::Wait(delay), _) => RetryEventKind::Scheduled {
                delay,
                error: seen.view.error(),
            },
            (Next::Return, reason) => RetryEventKind::GaveUp {
                reason: reason.unwrap_or(StopReason::Exhausted),
                error: seen.view.error(),
            },
        };
        let event = RetryEvent {
            name: &inner.name,
            attempts,
            max_attempts,
            elapsed,
            kind,
            record: RecordSlot::default(),
        };
        // A value that a predicate refuses is no failure: a loop that polls must not fill the log.
        let level = terms.log_level.unwrap_or(if seen.is_value {
            LogLevel::Debug
        } else {
            LogLevel::Warn
        });
        event::publish_retry(&event, level);
        // No text is made that no reader can get.
        let is_shown = inner.hooks.are_set() || matches!(seen.view.error(), ErrorRef::App(_));
        if is_shown && !seen.is_value && matches!(next, Next::Wait(_)) {
            keep_text(self.frame.texts_mut(), &seen.view.error());
        }
        (next, stop)
    }

    /// Notes the error that ends the series in the span of the call, if it has one.
    #[cold]
    pub(super) fn note_failure<E, V: ErrorView<E>>(&mut self, error: &mut E, view: &V) {
        if !span::is_watched() {
            return;
        }
        // The view of a rejection is that of the policy, and not of the error made of it.
        let own = view.app_mut(error).map(|app| app.id());
        let view = view.view(error);
        let id = own.or_else(|| span::id_of(view, &mut self.frame));
        span::note_end(Some((view, id)));
    }

    /// Writes an attempt that failed to the span of the call, if it has one.
    fn note_attempt(&mut self, seen: Seen<'_>, number: u32, next: Next) {
        if !span::is_watched() {
            return;
        }
        let delay = match next {
            Next::Wait(delay) => Some(delay),
            Next::Return => None,
        };
        let end = if seen.is_value {
            AttemptEnd::Refused { delay }
        } else {
            AttemptEnd::Failed {
                error: seen.view,
                id: span::id_of(seen.view, &mut self.frame),
                delay,
            }
        };
        span::note_attempt("retry", &self.retry.name, number, end);
    }

    /// Returns the delay before the next attempt: zero where an open circuit inside will reject it
    /// anyway, so that there is nothing to wait for. The attempt then meets the circuit, and ends
    /// the series with its rejection.
    fn unless_open(&mut self, delay: Duration) -> Duration {
        match self.frame.inbox() {
            Some(inbox) if inbox.is_open_after(delay) => Duration::ZERO,
            _ => delay,
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn recovered(self) -> Self {
        let elapsed = self.elapsed_at(self.retry.clock().now());
        if self.retry.config().timed {
            self.retry.counts.record(elapsed);
        }
        span::note_attempt(
            "retry",
            &self.retry.name,
            self.failed_attempts().saturating_add(1),
            AttemptEnd::Succeeded,
        );
        event::publish_retry(
            &RetryEvent {
                name: &self.retry.name,
                attempts: self.failed_attempts().saturating_add(1),
                max_attempts: self.retry.config().max_attempts.get(),
                elapsed,
                kind: RetryEventKind::Succeeded,
                record: RecordSlot::default(),
            },
            LogLevel::Debug,
        );
        self
    }

    /// Adds the failed attempts to the last error, for its reader.
    fn annotate(&self, error: &mut AppError, reason: StopReason) {
        let cut_short = matches!(
            reason,
            StopReason::Deadline | StopReason::RetryAfter | StopReason::Budget
        );
        if self.failed_attempts() < 2 && !cut_short {
            return;
        }
        let elapsed = self.elapsed_at(self.retry.clock().now());
        error.add_detail("attempts", self.failed_attempts());
        error.add_detail("elapsed", elapsed.as_secs_f64());
        if !self.frame.texts().is_empty() {
            error.add_detail("earlier_errors", self.frame.texts());
        }
        if cut_short {
            error.add_detail("retry_stopped_by", reason.name());
        }
    }
}

/// How many earlier errors of a series are kept.
const MAX_EARLIER_ERRORS: usize = 8;
/// How many bytes of the text of each.
const MAX_TEXT: usize = 256;

/// Keeps the text of an error that another attempt follows: of many errors the first and the
/// latest.
fn keep_text(earlier: &mut Vec<String>, error: &ErrorRef<'_>) {
    if earlier.len() == MAX_EARLIER_ERRORS {
        earlier.remove(1);
    }
    let (mut text, is_cut) = details::display_head(error, MAX_TEXT);
    if is_cut {
        text.push('…');
    }
    earlier.push(text);
}

/// What policies inside an attempt rejected, where the error itself does not show it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Inside {
    /// Whether one of the rejections ends the series.
    pub(super) stops_retries: bool,
    /// How long it takes until the policies admit a call again.
    pub(super) retry_after: Option<Duration>,
}

/// A failed attempt, as the decision reads it.
#[derive(Clone, Copy)]
struct Seen<'a> {
    view: View<'a>,
    any: Option<&'a dyn Any>,
    retry_if: Option<bool>,
    inside: Inside,
    /// Whether the attempt succeeded, and a predicate refused its value.
    is_value: bool,
    /// The wait that a failed value gives.
    retry_after: Option<Duration>,
}

/// An `Ok` that is a failure, as the decision reads it.
#[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
#[derive(Clone, Copy)]
pub(crate) struct FailedValue<'a> {
    /// What logs and events show of it.
    pub(crate) text: &'a dyn std::fmt::Display,
    /// How long to wait at least.
    pub(crate) retry_after: Option<Duration>,
}

impl Seen<'_> {
    /// Returns why another attempt cannot help, if it cannot.
    fn hopeless(&self, inner: &RetryInner) -> Option<StopReason> {
        let classified = self.view.classified();
        if classified.stops_retries || self.inside.stops_retries {
            // A predicate on the function's errors is not consulted: the function did not run, nor
            // would it.
            return Some(StopReason::Rejected);
        }
        match self.retry_if.or_else(|| inner.hooks.retry_if(self.any)) {
            Some(true) => None,
            Some(false) => Some(StopReason::Refused),
            None => (classified.class == Class::Permanent).then_some(StopReason::Permanent),
        }
    }
}

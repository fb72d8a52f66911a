//! A span that has begun.

use super::{
    Subject, Viewing, attempts,
    attempts::{AttemptEnd, NotedFailure, Watch},
    contained,
    facts::{Facts, id_of},
};
use crate::{
    call::Frame,
    error::{ErrorCode, ErrorId, View},
    event::names::{TARGET_SPAN, field},
};
use std::thread;
use tracing::{
    Dispatch, Span,
    field::{Empty, display},
    span::Id,
};

/// The name of all spans, which is stable as their target is: exporters show `otel.name`.
const NAME: &str = "guarded_call";

/// The span of a call that has begun.
///
/// It ends by [`end`](Self::end), or else when it is dropped: by a panic or as cancelled.
#[derive(Debug)]
pub struct ActiveSpan {
    /// Taken at the end.
    span: Option<Span>,
    /// What is reported inside is known here by its identity. Everything goes on to the frame around.
    frame: Frame,
    attempts_of: Option<&'static str>,
    /// How many attempts have ended.
    attempts: u32,
    /// How the last series of them failed, if it did.
    failure: Option<NotedFailure>,
}

/// How a call ended.
#[derive(Clone, Copy)]
pub(super) enum CallEnd<'a> {
    Succeeded,
    Failed(View<'a>),
    #[cfg(feature = "config-spans")]
    Noted(NotedFailure),
    Panicked,
    Cancelled,
}

impl ActiveSpan {
    /// Begins a span in the current one; `None` if no subscriber wants it.
    pub(crate) fn begin(subject: Subject<'_>) -> Option<Self> {
        let span = contained(|| new_span(subject)).filter(|span| !span.is_disabled())?;
        Some(Self {
            span: Some(span),
            frame: Frame::new(),
            attempts_of: subject.attempts_of,
            attempts: 0,
            failure: None,
        })
    }

    /// Enters the span and its frame.
    pub(super) fn enter(&mut self) -> EnteredSpan<'_> {
        EnteredSpan {
            around: self.begin_stay(),
            active: self,
        }
    }

    /// Enters the span and its frame until [`end_stay`](Self::end_stay).
    pub(super) fn begin_stay(&mut self) -> Around {
        Around {
            watch: attempts::enter(self.attempts, self.failure),
            is_entered: tell(self.span.as_ref(), Dispatch::enter),
            frame: self.frame.begin(),
        }
    }

    /// Leaves the span and its frame.
    pub(super) fn end_stay(&mut self, around: Around) {
        (self.attempts, self.failure) = attempts::leave(around.watch);
        if around.is_entered {
            tell(self.span.as_ref(), Dispatch::exit);
        }
        self.frame.leave(around.frame);
    }

    /// Returns what a span shows of a call that failed with this error. The span is left.
    #[cfg(feature = "config-spans")]
    pub(super) fn noted(&mut self, view: View<'_>) -> NotedFailure {
        NotedFailure::new(view, id_of(view, &mut self.frame))
    }

    /// Returns how the call of a retry failed, if it did.
    #[cfg(feature = "config-spans")]
    pub(super) fn failure_of_retry(&self) -> Option<NotedFailure> {
        self.failure.filter(|_| self.attempts_of == Some("retry"))
    }

    /// Ends the span.
    pub(super) fn end(mut self, end: CallEnd<'_>) {
        self.finish(end);
    }

    pub(super) fn finish(&mut self, end: CallEnd<'_>) {
        let Some(span) = self.span.take() else { return };
        let id = match end {
            CallEnd::Failed(view) => id_of(view, &mut self.frame),
            #[cfg(feature = "config-spans")]
            CallEnd::Noted(failure) => failure.id,
            _ => None,
        };
        if let Some(guard) = self.attempts_of
            && self.attempts == 0
            && matches!(end, CallEnd::Succeeded)
        {
            // A first attempt that succeeds is not watched, so that it costs nothing.
            self.attempts = 1;
            contained(|| attempts::write(guard, None, 1, AttemptEnd::Succeeded, Some(&span)));
        }
        contained(|| self.record(&span, end, id));
        // Apart: a second panic while the first one unwinds would abort. The subscriber closes it.
        contained(|| drop(span));
    }

    fn record(&self, span: &Span, end: CallEnd<'_>, id: Option<ErrorId>) {
        if self.attempts > 0 {
            span.record(field::ATTEMPTS, self.attempts);
        }
        let (outcome, error) = match end {
            CallEnd::Succeeded => ("succeeded", None),
            CallEnd::Failed(view) if view.is_rejected() => ("rejected", Some(Facts::of(view))),
            CallEnd::Failed(view) => ("failed", Some(Facts::of(view))),
            #[cfg(feature = "config-spans")]
            CallEnd::Noted(failure) if failure.is_rejected => ("rejected", Some(failure.facts)),
            #[cfg(feature = "config-spans")]
            CallEnd::Noted(failure) => ("failed", Some(failure.facts)),
            CallEnd::Panicked => ("panicked", Some(Facts::of_code(ErrorCode::PANIC_ERROR))),
            CallEnd::Cancelled => ("cancelled", None),
        };
        if let Some(error) = error {
            span.record(field::OTEL_STATUS_CODE, "ERROR");
            span.record(field::ERROR_TYPE, error.kind);
            if let Some(code) = error.code {
                span.record(field::ERROR_CODE, code);
            }
            if let Some(id) = id {
                span.record(field::ERROR_ID, display(id));
            }
        }
        span.record(field::OUTCOME, outcome);
    }
}

impl Drop for ActiveSpan {
    fn drop(&mut self) {
        self.finish(if thread::panicking() {
            CallEnd::Panicked
        } else {
            CallEnd::Cancelled
        });
    }
}

fn new_span(subject: Subject<'_>) -> Span {
    let Subject {
        guard,
        name,
        function,
        ..
    } = subject;
    tracing::info_span!(
        target: TARGET_SPAN,
        NAME,
        otel.name = function.map_or(name, |function| function.name),
        otel.kind = "internal",
        otel.status_code = Empty,
        guard.kind = guard,
        guard.name = name,
        code.function.name = function.map(|function| function.path),
        code.file.path = function.map(|function| function.file),
        code.line.number = function.map(|function| function.line),
        outcome = Empty,
        attempts = Empty,
        error.id = Empty,
        error.code = Empty,
        "error.type" = Empty,
    )
}

/// Calls the subscriber of a span; returns `true` if it returned.
fn tell(span: Option<&Span>, call: impl FnOnce(&Dispatch, &Id)) -> bool {
    span.and_then(|span| contained(|| span.with_subscriber(|(id, dispatch)| call(dispatch, id))))
        .is_some()
}

/// What a thread returns to when it leaves a span.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    /// The span around.
    watch: Option<Watch>,
    /// Whether the subscriber entered the span.
    is_entered: bool,
    /// The frame around.
    frame: u64,
}

/// A span that is entered, until this is dropped.
pub(super) struct EnteredSpan<'a> {
    active: &'a mut ActiveSpan,
    around: Around,
}

impl Drop for EnteredSpan<'_> {
    fn drop(&mut self) {
        self.active.end_stay(self.around);
    }
}

/// Runs a blocking call in its span.
///
/// # Errors
///
/// That of the call.
pub(crate) fn run<T, E>(
    mut active: ActiveSpan,
    view: &impl Viewing<E>,
    call: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let outcome = {
        let _entered = active.enter();
        call()
    };
    active.end(CallEnd::of(&outcome, view));
    outcome
}

impl<'a> CallEnd<'a> {
    pub(super) fn of<T, E>(outcome: &'a Result<T, E>, view: &'a impl Viewing<E>) -> Self {
        match outcome {
            Ok(_) => Self::Succeeded,
            Err(error) => Self::Failed(view.view(error)),
        }
    }
}

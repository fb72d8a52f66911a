//! A span that has begun.

use super::{
    Subject, Viewing, attempts,
    attempts::{AttemptEnd, Watch},
    contained,
    facts::{Facts, id_of},
};
use crate::{
    call::{Entered, Frame},
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
}

/// How a call ended.
#[derive(Clone, Copy)]
pub(super) enum CallEnd<'a> {
    Succeeded,
    Failed(View<'a>),
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
        })
    }

    /// Enters the span and its frame.
    pub(super) fn enter(&mut self) -> EnteredSpan<'_> {
        let Self {
            span,
            frame,
            attempts,
            ..
        } = self;
        let outer = attempts::enter(*attempts);
        let is_entered = tell(span.as_ref(), Dispatch::enter);
        EnteredSpan {
            span: span.as_ref().filter(|_| is_entered),
            attempts,
            outer,
            _in_frame: frame.enter(),
        }
    }

    /// Ends the span.
    pub(super) fn end(mut self, end: CallEnd<'_>) {
        self.finish(end);
    }

    fn finish(&mut self, end: CallEnd<'_>) {
        let Some(span) = self.span.take() else { return };
        let id = match end {
            CallEnd::Failed(view) => id_of(view, &mut self.frame),
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

/// A span that is entered, until this is dropped.
pub(super) struct EnteredSpan<'a> {
    /// None if the subscriber did not enter it.
    span: Option<&'a Span>,
    attempts: &'a mut u32,
    /// The span around it.
    outer: Option<Watch>,
    _in_frame: Entered<'a>,
}

impl Drop for EnteredSpan<'_> {
    fn drop(&mut self) {
        *self.attempts = attempts::leave(self.outer);
        tell(self.span, Dispatch::exit);
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

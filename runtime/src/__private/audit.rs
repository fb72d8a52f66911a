//! The runtime of `#[log_sensitive_operations]`.

use super::{Conversion, Guarded, Shape};
use crate::{
    error::{ErrorCode, View},
    event::{self, AuditEvent, AuditOutcome, Event, LogLevel, RecordSlot, text},
    time::{SharedClock, Tick},
};
use std::{
    borrow::Cow,
    fmt::Display,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// How many bytes of a user's name are kept.
const MAX_USER: usize = 256;

/// The user of a sensitive operation, in the form for sinks.
#[derive(Debug)]
pub struct User(Cow<'static, str>);

impl User {
    /// Not named.
    pub const UNKNOWN: Self = Self(Cow::Borrowed("unknown"));

    /// Takes the user's text.
    #[must_use]
    pub fn of(user: &(impl Display + ?Sized)) -> Self {
        Self(Cow::Owned(text::for_sink(
            &format_args!("{user}"),
            MAX_USER,
        )))
    }
}

/// What one call site audits.
#[derive(Debug)]
pub struct Audit {
    guarded: &'static Guarded,
    operation: &'static str,
    success_level: LogLevel,
    error_level: LogLevel,
}

impl Audit {
    /// Makes the defaults.
    #[must_use]
    pub const fn new(guarded: &'static Guarded, operation: &'static str) -> Self {
        Self {
            guarded,
            operation,
            success_level: LogLevel::Info,
            error_level: LogLevel::Error,
        }
    }

    /// Sets the level of start and success.
    #[must_use]
    pub const fn success_level(mut self, level: LogLevel) -> Self {
        self.success_level = level;
        self
    }

    /// Sets the level of all other outcomes.
    #[must_use]
    pub const fn error_level(mut self, level: LogLevel) -> Self {
        self.error_level = level;
        self
    }

    /// Emits the event that the operation begins.
    pub fn begin(&'static self, user: User) -> Audited {
        let audited = Audited {
            audit: self,
            user,
            started: SharedClock::current().now(),
            state: State::Waiting,
        };
        audited.emit(AuditOutcome::Started, None);
        audited
    }
}

/// One run of an audited operation; it emits how that ended, also when it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Audited {
    audit: &'static Audit,
    user: User,
    started: Tick,
    state: State,
}

#[derive(Debug, PartialEq)]
enum State {
    /// The body does not run now: what is dropped in this state was cancelled.
    Waiting,
    /// The body runs: only its panic can drop the operation.
    Running,
    Ended,
}

impl Audited {
    /// Awaits the body.
    pub fn watch<F: Future, S>(self, shape: S, body: F) -> Watched<F, S> {
        Watched {
            body,
            audited: self,
            shape,
        }
    }

    fn end<T, E, S: Shape<E>>(&mut self, outcome: &Result<T, E>, shape: S) {
        self.state = State::Ended;
        match outcome {
            Ok(_) => self.emit(AuditOutcome::Succeeded, None),
            Err(error) => self.emit(AuditOutcome::Failed, Some(shape.view(error))),
        }
    }

    #[inline(never)]
    fn emit(&self, outcome: AuditOutcome, error: Option<View<'_>>) {
        let Audit {
            guarded,
            operation,
            success_level,
            error_level,
        } = self.audit;
        let place = guarded.operation();
        let level = match outcome {
            AuditOutcome::Started | AuditOutcome::Succeeded => success_level,
            AuditOutcome::Failed | AuditOutcome::Panicked | AuditOutcome::Cancelled => error_level,
        };
        let message = error.map(|error| text::for_sink(&error, text::MAX_MESSAGE));
        let elapsed = SharedClock::current().now().since(self.started);
        let event = AuditEvent {
            operation,
            component: place.component(),
            file: place.file(),
            line: place.line(),
            user: &self.user.0,
            outcome,
            level: level.severity(),
            elapsed: Some(elapsed).filter(|_| outcome != AuditOutcome::Started),
            code: error.map(|error| error.code().unwrap_or(ErrorCode::UNKNOWN_ERROR)),
            message: message.as_deref(),
            record: RecordSlot::default(),
        };
        event::log_audit(&event, level.tracing_level());
        event::emit(|| Event::Audit(event));
    }
}

/// Runs the body of an audited operation.
///
/// # Errors
///
/// Those of the body.
pub fn run_audited<A, R, C: Conversion<R>, S: Shape<C::Error>>(
    conversion: C,
    mut audited: Audited,
    shape: S,
    arguments: A,
    body: impl FnOnce(A) -> R,
) -> Result<C::Value, C::Error> {
    audited.state = State::Running;
    let outcome = conversion.result(body(arguments));
    audited.end(&outcome, shape);
    outcome
}

impl Drop for Audited {
    fn drop(&mut self) {
        match self.state {
            State::Waiting => self.emit(AuditOutcome::Cancelled, None),
            State::Running => self.emit(AuditOutcome::Panicked, None),
            State::Ended => {}
        }
    }
}

pin_project_lite::pin_project! {
    /// A body whose end is emitted; dropped before the run that emits it, so that what it does last
    /// comes first in the log.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Watched<F, S> {
        #[pin]
        body: F,
        audited: Audited,
        shape: S,
    }
}

impl<T, E, F: Future<Output = Result<T, E>>, S: Shape<E>> Future for Watched<F, S> {
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.audited.state = State::Running;
        let polled = this.body.poll(context);
        this.audited.state = State::Waiting;
        let outcome = ready!(polled);
        this.audited.end(&outcome, *this.shape);
        Poll::Ready(outcome)
    }
}

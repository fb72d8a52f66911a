//! The kinds of events.

use super::{
    AuditEvent, BreakerEvent, HealthEvent, NotificationEvent, Record, RecordSlot, RecordState,
    RetryEvent, TransactionEvent,
};
use crate::{
    ErrorCode,
    error::{ErrorId, ErrorRef},
};
use serde_json::{Map, Value};
use std::{fmt, panic::Location, time::Duration};

/// How urgent something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info = 0,
    /// Worth watching.
    Warning = 1,
    /// Something failed.
    Error = 2,
    /// Needs attention now.
    Critical = 3,
}

/// The name that [`Severity`] has in the Python system.
pub type AlertLevel = Severity;

impl Severity {
    /// Returns the level's name, for example `critical`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

impl Severity {
    /// Returns the level with this name, as `name` gives it.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Error, Self::Critical]
            .into_iter()
            .find(|level| level.name() == name)
    }
}

impl serde::Serialize for Severity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A boundary or attribute reports an error; each error once, however many boundaries it
    /// crosses.
    Error(ErrorEvent<'a>),
    /// An error inside of an attempt that another one may follow, as it is reported; and again
    /// where another one followed. Where it stands after all, an [`Error`](Self::Error) follows.
    Provisional(ErrorEvent<'a>),
    /// A retry waits for another attempt, succeeded late, or gave up.
    Retry(RetryEvent<'a>),
    /// A health check changed its status.
    Health(HealthEvent<'a>),
    /// A transaction ended.
    Transaction(TransactionEvent<'a>),
    /// Something happened to a circuit breaker.
    Breaker(BreakerEvent<'a>),
    /// A sensitive operation began or ended.
    Audit(AuditEvent<'a>),
    /// A notification was delivered, or given up.
    Notification(NotificationEvent<'a>),
}

/// An error as it is reported.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ErrorEvent<'a> {
    /// The identity that log line, journal row and alert share.
    pub id: ErrorId,
    /// The error's code.
    pub code: ErrorCode,
    /// How urgent it is.
    pub level: Severity,
    /// The function or boundary that reports it.
    pub operation: &'a str,
    /// The module that the operation stands in.
    pub component: &'a str,
    /// Where the error was made, where that is known.
    pub location: Option<&'static Location<'static>>,
    /// How long the operation ran, where that was measured.
    pub elapsed: Option<Duration>,
    /// What `capture` kept of the arguments of the failed function, where the error itself has no
    /// room for it.
    pub captured: Option<&'a Map<String, Value>>,
    /// The error itself.
    pub error: ErrorRef<'a>,
    /// Whether the error stands, or belongs to an attempt that may be followed by another one.
    pub state: RecordState,
    /// The attempt of a retry that it happened in, from 1, and how many there may be.
    pub attempt: Option<(u32, u32)>,
    /// The opening of the circuit that rejected the call, where the error is such a rejection: it
    /// is counted, and log, journal and alerts show the opening in its place.
    pub opening: Option<ErrorId>,
    /// The record of the error as it was reported, where the event settles it.
    pub(crate) settled: Option<&'a Record>,
    /// Where observers find the event's record.
    pub(crate) record: RecordSlot<'a>,
}

#[cfg(test)]
impl<'a> ErrorEvent<'a> {
    /// Makes the event of an `AppError`, for tests.
    pub(crate) fn from_app_error(
        error: &'a crate::AppError,
        level: Severity,
        operation: &'a str,
        component: &'a str,
    ) -> Self {
        Self {
            id: error.id(),
            code: error.code(),
            level,
            operation,
            component,
            location: Some(error.location()),
            elapsed: None,
            captured: None,
            error: ErrorRef::App(error),
            state: RecordState::Error,
            attempt: None,
            opening: None,
            settled: None,
            record: RecordSlot::default(),
        }
    }
}

impl fmt::Debug for ErrorEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorEvent")
            .field("id", &format_args!("{}", self.id))
            .field("code", &self.code)
            .field("level", &self.level)
            .field("operation", &super::Shown(self.operation))
            .finish_non_exhaustive()
    }
}

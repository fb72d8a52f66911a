//! Events of errors.

use super::{
    record::{RecordState, cell::RecordSlot, record::Record},
    severity::Severity,
    shown::Shown,
};
use crate::error::{ErrorCode, ErrorId, ErrorRef};
use serde_json::{Map, Value};
use std::{fmt, panic::Location, time::Duration};

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
    /// Where the error was made, if that is known.
    pub location: Option<&'static Location<'static>>,
    /// How long the operation ran, if that was measured.
    pub elapsed: Option<Duration>,
    /// What `capture` kept of the arguments of the failed function, where the error itself has no
    /// room for it.
    pub captured: Option<&'a Map<String, Value>>,
    /// The error itself.
    pub error: ErrorRef<'a>,
    /// Whether the error stands, or belongs to an attempt that another one may follow.
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
        error: &'a crate::error::AppError,
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
            .field("operation", &Shown(self.operation))
            .finish_non_exhaustive()
    }
}

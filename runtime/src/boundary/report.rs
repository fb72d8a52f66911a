//! The one reporting path: each error is logged and passed to observers once, however many
//! boundaries it crosses.
//!
//! An [`AppError`] carries a mark that it was reported; it is also found in the chain of sources of
//! another error, and inside an [`std::io::Error`]. A foreign error has no room for a mark. It is
//! recognised by the frame around the one that reported it: the reporting frame posts what it
//! reported, and each such report stands for at most one error that leaves the frame around.

use super::{Operation, OperationTimer};
use crate::{
    call::{self, Frame, Inbox, Marked, Reported},
    error::{AppError, ErrorCode, ErrorId, ErrorRef, Rejection, View, view::Known},
    event::{
        self, ErrorEvent, Event, LogLevel, RecordCell, RecordSlot, RecordState,
        pending::{self, Settlement},
    },
};
use serde_json::{Map, Value};
use std::panic::Location;

/// Reports an error by hand: it is logged, recorded and passed to alerts as a boundary would do.
///
/// Does nothing for an error that was reported before, by hand or by a boundary. The operation is
/// `report`, at the caller's place.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode};
///
/// let err = AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "no recordings");
/// gardefou::report(&err); // logged and counted
/// gardefou::report(&err.clone()); // the same occurrence
/// assert_eq!(gardefou::error_monitor().stats().total_errors, 1);
/// ```
#[track_caller]
pub fn report(error: &AppError) {
    let place = Location::caller();
    let operation = Operation::new("report", place.file(), place.file(), place.line());
    let report = Report::new(View::from_app(error), &operation);
    report.send(Recognised::from_view(View::from_app(error)), Then::Leaves);
}

/// Where an error goes after its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Then {
    /// It goes on to the caller.
    Leaves,
    /// It goes no further.
    Ends,
}

/// What a frame knows of an error that leaves it.
#[derive(Debug, Default)]
pub(crate) struct Recognised {
    /// What else happened inside.
    inside: Option<Box<Inbox>>,
    /// The identity under which a frame inside reported the error.
    known: Option<ErrorId>,
    /// The opening of the circuit that rejected the call, where the error is such a rejection.
    opening: Option<ErrorId>,
}

impl Recognised {
    /// Recognises an error that is reported outside of every frame.
    pub(crate) fn from_view(view: View<'_>) -> Self {
        Self {
            opening: opening_of(view, None),
            ..Self::default()
        }
    }

    /// Ends a frame, and finds the error among those that were reported inside.
    pub(crate) fn new(view: View<'_>, frame: &mut Frame) -> Self {
        let Some(mut inside) = frame.end() else {
            return Self::from_view(view);
        };
        let opening = opening_of(view, inside.rejection());
        // Each report is of at most one error that leaves.
        let reported = inside.take_reported();
        // One that carries a mark needs no other.
        let known = if view.is_reported() {
            None
        } else {
            Reported::identity_in(&reported, view)
        };
        Self {
            inside: Some(inside),
            known,
            opening,
        }
    }
}

/// Returns the opening that an error is a rejection of. An error without a chain of sources may
/// hide its rejection; one with a chain shows it.
fn opening_of(view: View<'_>, inside: Option<&Rejection>) -> Option<ErrorId> {
    let hides = matches!(
        view.error(),
        ErrorRef::Display(_) | ErrorRef::Debug(_) | ErrorRef::Opaque(_)
    );
    let is_rejected = view.is_rejected();
    let shown = if is_rejected { view.rejection() } else { None };
    shown
        .or(inside.filter(|_| is_rejected || hides))
        .and_then(Rejection::opening)
}

/// An error on its way to the observers.
#[derive(Clone, Copy)]
#[must_use]
pub(crate) struct Report<'a> {
    view: View<'a>,
    operation: &'a Operation<'a>,
    timer: OperationTimer,
    code: Option<ErrorCode>,
    level: LogLevel,
    captured: Option<&'a Map<String, Value>>,
    is_elsewhere: bool,
}

impl<'a> Report<'a> {
    pub(crate) fn new(view: View<'a>, operation: &'a Operation<'a>) -> Self {
        Self {
            view,
            operation,
            timer: OperationTimer::NONE,
            code: None,
            level: LogLevel::Error,
            captured: None,
            is_elsewhere: false,
        }
    }

    /// Sets the timer of the run that the error ends.
    pub(crate) fn timer(mut self, timer: OperationTimer) -> Self {
        self.timer = timer;
        self
    }

    /// Sets the code of an error that has none of its own.
    pub(crate) fn code(mut self, code: Option<ErrorCode>) -> Self {
        self.code = code;
        self
    }

    pub(crate) fn level(mut self, level: LogLevel) -> Self {
        self.level = level;
        self
    }

    /// Adds what was kept of the arguments, where the error itself has no room for it.
    pub(crate) fn captured(mut self, arguments: Option<&'a Map<String, Value>>) -> Self {
        self.captured = arguments.filter(|arguments| !arguments.is_empty());
        self
    }

    /// Leaves out the location, where the error was not made.
    pub(crate) fn without_location(mut self) -> Self {
        self.is_elsewhere = true;
        self
    }

    /// Logs the error and passes it to observers, unless it is known already; returns the identity
    /// under which it is known.
    ///
    /// The frame that the error leaves is no longer current: what is handed on goes to the frame
    /// around it.
    #[cold]
    pub(crate) fn send(self, recognised: Recognised, then: Then) -> ErrorId {
        let known_as = recognised.known.or(recognised.opening);
        let found = self.view.claim(known_as);
        let id = known_as.or(found.id).unwrap_or_default();
        if !found.reported && recognised.known.is_none() {
            self.publish(id, &found, recognised.opening);
        }
        if let Some(mut inside) = recognised.inside {
            if then == Then::Ends {
                inside.forget_errors();
            }
            inside.forward();
        }
        if then == Then::Leaves && call::is_in_call() {
            let mark = match found {
                Known { rejected: true, .. } => Marked::Rejection,
                Known { id: Some(_), .. } => Marked::Yes,
                _ => Marked::No,
            };
            call::post_reported(Reported::new(id, self.view, mark));
        }
        id
    }

    fn publish(self, id: ErrorId, found: &Known, opening: Option<ErrorId>) {
        // A layer of the log or an observer may report for what is published here.
        let Some(_nested) = event::depth::enter_report() else {
            return;
        };
        let series = call::series();
        // The rejection of an open circuit ends every series, and its opening has a record of its own.
        let is_provisional = series.is_provisional() && opening.is_none();
        let cell = RecordCell::default();
        let code = found.code.or(self.code).unwrap_or(ErrorCode::UNKNOWN_ERROR);
        // A panic is critical, unless the user gave the boundary another level.
        let is_panic = code == ErrorCode::PANIC_ERROR && self.level == LogLevel::Error;
        let level = if is_panic {
            LogLevel::Critical
        } else {
            self.level
        };
        let event = ErrorEvent {
            id,
            code,
            level: level.severity(),
            operation: self.operation.name(),
            component: self.operation.component(),
            location: found.location.filter(|_| !self.is_elsewhere),
            elapsed: self.timer.elapsed(),
            captured: self.captured,
            error: self.view.error(),
            state: if is_provisional {
                RecordState::Pending
            } else {
                RecordState::Error
            },
            attempt: series.number(),
            opening,
            settled: None,
            record: RecordSlot::new(&cell),
        };
        // Before the line is written: the record is made as the monitor of the process has it.
        event::start_observers();
        let level = if opening.is_some() {
            tracing::Level::DEBUG
        } else {
            level.tracing_level()
        };
        let line = Line {
            level,
            file: self.operation.file(),
            number: self.operation.line(),
        };
        if is_provisional {
            hold(event, line);
        } else {
            line.log(&event);
            event::emit(|| Event::Error(event));
        }
    }
}

/// How an error is logged.
#[derive(Clone, Copy)]
struct Line {
    level: tracing::Level,
    file: &'static str,
    number: u32,
}

impl Line {
    fn log(self, event: &ErrorEvent<'_>) {
        event::log_error(event, self.level, self.file, self.number);
    }
}

/// Publishes an error of an attempt that another one may follow: it is written at once, as a
/// warning, and settled when the attempt is decided.
fn hold(event: ErrorEvent<'_>, line: Line) {
    Line {
        level: line.level.max(tracing::Level::WARN),
        ..line
    }
    .log(&event);
    event::emit(|| Event::Provisional(event));
    // Without a record, a hook dropped the error.
    let Some(record) = event.record() else { return };
    let (id, code, location) = (event.id, event.code, event.location);
    let held = pending::hold(move |settlement| {
        let state = match settlement {
            Settlement::Error => RecordState::Error,
            Settlement::Retried => RecordState::Retried,
        };
        let cell = RecordCell::default();
        let event = ErrorEvent {
            id,
            code,
            level: record.level,
            operation: &record.operation,
            component: &record.component,
            location,
            elapsed: record.elapsed,
            captured: None,
            error: ErrorRef::Display(&record.message),
            state,
            attempt: record.attempt,
            opening: None,
            settled: Some(&record),
            record: RecordSlot::new(&cell),
        };
        match settlement {
            Settlement::Error => {
                line.log(&event);
                event::emit(|| Event::Error(event));
            }
            Settlement::Retried => event::emit(|| Event::Provisional(event)),
        }
    });
    call::post_pending(held);
}

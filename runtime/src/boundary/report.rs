//! The one reporting path: each error is logged and told to observers once, however many boundaries it crosses.
//!
//! An [`AppError`] carries a flag that says it was reported; it is also found in the chain of sources of another error,
//! and inside an [`std::io::Error`]. A foreign error has no room for a flag. For it, each thread remembers the last
//! report: a boundary that was entered before that report was made, and that now sees an error with the same text (or
//! one whose debug form holds the identity of the reported one), sees the same error on its way out.

use super::{Entry, LogLevel, Operation};
use crate::{
    AppError, ErrorCode,
    error::{AppErrorInner, ErrorId, Rejection},
    event::{self, ErrorEvent, ErrorRef, Event, RecordCell, RecordSlot, RecordState, text},
};
use serde_json::{Map, Value};
use std::{
    cell::RefCell,
    error::Error,
    panic::Location,
    sync::atomic::{AtomicU64, Ordering},
};

/// Reports an error by hand: it is logged, recorded and handed to alerts as if a boundary had seen it.
///
/// Does nothing for an error that was reported before, by hand or by a boundary. The operation is `report`, at the
/// caller's place.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode};
///
/// let err = AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "no recordings");
/// gardefou::report(&err); // logged and counted
/// gardefou::report(&err); // already known
/// ```
#[track_caller]
pub fn report(error: &AppError) {
    let place = Location::caller();
    let operation = Operation::new("report", place.file(), place.file(), place.line());
    let entry = Entry::function();
    Report::new(ErrorRef::App(error), &operation, entry).send();
}

/// An error on its way to those who watch.
#[derive(Clone, Copy)]
#[must_use]
pub(crate) struct Report<'a> {
    error: ErrorRef<'a>,
    operation: &'a Operation<'a>,
    entry: Entry,
    code: Option<ErrorCode>,
    level: LogLevel,
    captured: Option<&'a Map<String, Value>>,
    is_elsewhere: bool,
}

impl<'a> Report<'a> {
    pub(crate) fn new(error: ErrorRef<'a>, operation: &'a Operation<'a>, entry: Entry) -> Self {
        Self { error, operation, entry, code: None, level: LogLevel::Error, captured: None, is_elsewhere: false }
    }

    /// The code of an error that has none of its own.
    pub(crate) fn code(mut self, code: Option<ErrorCode>) -> Self {
        self.code = code;
        self
    }

    pub(crate) fn level(mut self, level: LogLevel) -> Self {
        self.level = level;
        self
    }

    /// What was kept of the arguments, where the error itself has no room for it.
    pub(crate) fn captured(mut self, arguments: Option<&'a Map<String, Value>>) -> Self {
        self.captured = arguments.filter(|arguments| !arguments.is_empty());
        self
    }

    /// Says that the error was not made where it came to be.
    pub(crate) fn without_location(mut self) -> Self {
        self.is_elsewhere = true;
        self
    }

    /// Logs the error and tells observers of it, unless it is known already; tells whether it was new.
    #[cold]
    pub(crate) fn send(self) -> bool {
        let found = Found::in_error(self.error);
        let raw = text::bounded(&self.error, IDENTIFYING);
        if found.reported || was_last_reported(&self, &raw) {
            return false;
        }
        let id = found.id.unwrap_or_default();
        remember(id, raw);
        let cell = RecordCell::default();
        let event = ErrorEvent {
            id,
            code: found.code.or(self.code).unwrap_or(ErrorCode::UNKNOWN_ERROR),
            level: self.level.alert_level(),
            operation: self.operation.name(),
            component: self.operation.component(),
            location: found.location.filter(|_| !self.is_elsewhere),
            elapsed: self.entry.elapsed(),
            captured: self.captured,
            error: self.error,
            state: RecordState::Error,
            attempt: None,
            record: RecordSlot::new(&cell),
        };
        // Before the line is written: the record is made as the monitor of the process has it.
        event::start_observers();
        event::log_error(&event, self.level.tracing_level(), self.operation.file(), self.operation.line());
        event::emit(|| Event::Error(event));
        true
    }
}

/// What the errors of ours in a chain of sources say.
#[derive(Default)]
struct Found {
    reported: bool,
    id: Option<ErrorId>,
    code: Option<ErrorCode>,
    location: Option<&'static Location<'static>>,
}

impl Found {
    /// Looks through the chain and marks each error of ours in it as reported.
    fn in_error(error: ErrorRef<'_>) -> Self {
        let mut found = Self::default();
        for level in error.head().into_iter().flat_map(text::levels) {
            if let Some(ours) = level.downcast_ref::<AppErrorInner>() {
                found.reported |= !ours.claim_report();
                found.id = found.id.or(Some(ours.id()));
                found.location = found.location.or(Some(ours.location()));
                if ours.is_coded_itself() {
                    found.code = found.code.or(Some(ours.code()));
                }
            } else if let Some(rejection) = level.downcast_ref::<Rejection>() {
                found.code = found.code.or(Some(rejection.code()));
            }
        }
        found
    }
}

/// How many bytes of a text tell one error from another.
const IDENTIFYING: usize = 1024;

/// How many errors this process reported. Relaxed everywhere: on one thread the loads and additions keep their order,
/// and a task that moves to another thread is handed over with its own synchronisation.
static REPORTED: AtomicU64 = AtomicU64::new(0);

/// The mark that an entry takes.
#[inline]
pub(super) fn reported_so_far() -> u64 {
    REPORTED.load(Ordering::Relaxed)
}

struct LastReport {
    number: u64,
    id: ErrorId,
    text: String,
}

thread_local! {
    /// An error on its way out does not leave its thread between two boundaries, unless a boundary in between waits;
    /// then the error is a value that somebody handles, and its next report is its own.
    static LAST: RefCell<Option<LastReport>> = const { RefCell::new(None) };
}

fn remember(id: ErrorId, text: String) {
    let number = REPORTED.fetch_add(1, Ordering::Relaxed) + 1;
    // A thread that is ending has nothing left to remember for.
    let _ = LAST.try_with(|last| last.replace(Some(LastReport { number, id, text })));
}

/// Forgets the last report of this thread: its error goes no further, so an equal one that comes later is another.
pub(crate) fn swallowed() {
    let _ = LAST.try_with(|last| last.replace(None));
}

fn was_last_reported(report: &Report<'_>, raw: &str) -> bool {
    let seen = LAST.try_with(|last| {
        let last = last.try_borrow().ok()?;
        let last = last.as_ref().filter(|last| last.number > report.entry.reported_before)?;
        Some((last.id, last.text.clone()))
    });
    // The texts of foreign errors are asked for after the borrow: they may do anything.
    let Some((id, last)) = seen.ok().flatten() else { return false };
    let same_source = |level: &(dyn Error + 'static)| text::bounded(&level, IDENTIFYING) == last;
    let sources = report.error.sources();
    raw == last || raw.contains(&id.to_string()) || sources.into_iter().any(same_source)
}

#[cfg(test)]
mod tests;

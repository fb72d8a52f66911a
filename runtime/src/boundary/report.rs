//! The one reporting path: each error is logged and told to observers once, however many boundaries it crosses.
//!
//! An [`AppError`] carries a flag that says it was reported; it is also found in the chain of sources of another error,
//! and inside an [`std::io::Error`]. A foreign error has no room for a flag. For it, each thread remembers the last
//! report: a boundary that was entered before that report was made, and that now sees an error with the same text (or
//! one whose debug form holds the identity of the reported one), sees the same error on its way out.

use super::{Entry, LogLevel, Operation};
use crate::{
    AppError, ErrorCode,
    error::{ErrorId, View, distinct_texts, redact},
    event::{self, ErrorEvent, ErrorRef, Event, names, text},
};
use serde_json::{Map, Value};
use std::{
    cell::RefCell,
    error::Error,
    fmt::Write,
    panic::Location,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
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
        let found = View::of_ref(self.error).claim();
        let raw = text::bounded(&self.error, IDENTIFYING);
        if found.reported || was_last_reported(&self, &raw) {
            return false;
        }
        let id = found.id.unwrap_or_default();
        remember(id, raw);
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
        };
        log(&event, self.level, self.operation);
        event::start_observers();
        event::emit(|| Event::Error(event));
        true
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

/// Logs one error; what the level hides is not formatted.
fn log(event: &ErrorEvent<'_>, level: LogLevel, operation: &Operation<'_>) {
    // `tracing` wants each level as a constant: its call sites are statics.
    macro_rules! at {
        ($level:ident) => {
            if tracing::enabled!(target: names::TARGET_ERROR, tracing::Level::$level) {
                let texts = Texts::of(event);
                tracing::event!(
                    target: names::TARGET_ERROR,
                    tracing::Level::$level,
                    error.id = %event.id,
                    error.code = event.code.number(),
                    error.code_name = event.code.name(),
                    error.location = event.location.map(tracing::field::display),
                    error.chain = texts.chain.as_deref(),
                    error.details = texts.details.as_deref(),
                    severity = event.level.name(),
                    operation = operation.name(),
                    component = operation.component(),
                    file = operation.file(),
                    line = operation.line(),
                    duration = event.elapsed.as_ref().map(Duration::as_secs_f64),
                    "{}",
                    texts.message,
                )
            }
        };
    }
    match level {
        LogLevel::Trace => at!(TRACE),
        LogLevel::Debug => at!(DEBUG),
        LogLevel::Info => at!(INFO),
        LogLevel::Warn => at!(WARN),
        LogLevel::Error | LogLevel::Critical => at!(ERROR),
    }
}

/// What of an error is text, fit for a sink.
struct Texts {
    message: String,
    chain: Option<String>,
    details: Option<String>,
}

impl Texts {
    fn of(event: &ErrorEvent<'_>) -> Self {
        let message = text::for_sink(&event.error, text::MAX_MESSAGE);
        let text = |level| text::for_sink(&level, text::MAX_MESSAGE);
        let mut chain = String::new();
        for text in distinct_texts(message.clone(), event.error.sources(), text) {
            if chain.len() < text::MAX_MESSAGE {
                let separator = if chain.is_empty() { "" } else { ": " };
                let _ = write!(chain, "{separator}{text}");
            }
        }
        let details = match event.error {
            ErrorRef::App(app) => Some(app.details()),
            _ => event.captured,
        };
        let details = details.filter(|details| !details.is_empty()).map(|details| {
            let mut details = Value::Object(details.clone());
            redact::value(&mut details);
            text::for_sink(&details, text::MAX_MESSAGE)
        });
        Self { message, chain: Some(chain).filter(|chain| !chain.is_empty()), details }
    }
}

#[cfg(test)]
mod tests;

//! Panics that nobody catches, as errors.

use super::within::within;
use crate::{
    AppError, ErrorCode,
    boundary::{LogLevel, Operation, OperationTimer, Recognised, Report, Then, panic::located},
    error::View,
    panics,
    sync::Mutex,
};
use std::{
    collections::BTreeSet,
    panic::{self, PanicHookInfo},
    sync::{
        LazyLock, Once,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// A hook of the process can be put in front of others but not taken out from between them: it
/// stays, and does nothing while the system is down.
static IS_ACTIVE: AtomicBool = AtomicBool::new(false);

/// Reports panics from now on, after what the hook before says of them.
pub(super) fn activate() {
    static INSTALL: Once = Once::new();
    // Hooks cannot be changed by a thread that panics.
    if thread::panicking() {
        return;
    }
    INSTALL.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            before(panic);
            // One that is caught by a boundary, or contained as that of a health check, is told by
            // whoever caught it.
            if !IS_ACTIVE.load(Ordering::Relaxed) {
                return;
            }
            if panics::are_contained() {
                panic
                    .location()
                    .into_iter()
                    .for_each(|place| panics::note_place(place.to_string()));
            } else {
                report(panic);
            }
        }));
    });
    IS_ACTIVE.store(true, Ordering::Relaxed);
}

/// Leaves panics to the hook before.
pub(super) fn deactivate() {
    IS_ACTIVE.store(false, Ordering::Relaxed);
}

/// Reports a panic from another thread: a panic inside of a hook, as that of an observer, aborts
/// the process.
fn report(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let name = thread.name().unwrap_or("(no name)").to_owned();
    let said = panic
        .payload_as_str()
        .unwrap_or("(a value, no text)")
        .to_owned();
    let place = panic
        .location()
        .map(|place| (place.file().to_owned(), place.line(), place.column()));
    within(LONGEST_REPORT, move || {
        let _ = panics::catch(|| {
            let mut error = AppError::new(
                ErrorCode::PANIC_ERROR,
                format!("the thread `{name}` panicked: {said}"),
            )
            .with_detail("thread", &name);
            let mut operation = Operation::new("panic", "", "", 0);
            if let Some((file, line, column)) = &place {
                error = located(error, &format!("{file}:{line}:{column}"));
                operation = Operation::new("panic", file, interned(file), *line);
            }
            let report = Report::new(
                View::from_app(&error),
                &operation,
                OperationTimer::function(),
            );
            report
                .level(LogLevel::Critical)
                .without_location()
                .send(Recognised::default(), Then::Ends);
        });
    });
}

/// The name of a source file for as long as the program runs: there are only so many, but a panic
/// does not lend its own.
fn interned(file: &str) -> &'static str {
    static FILES: LazyLock<Mutex<BTreeSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut files = FILES.lock();
    if let Some(known) = files.get(file) {
        return known;
    }
    let name: &'static str = Box::leak(Box::from(file));
    files.insert(name);
    name
}

/// The thread that panics waits for its report, as the process may be about to end; not for one
/// that hangs.
const LONGEST_REPORT: Duration = Duration::from_secs(1);

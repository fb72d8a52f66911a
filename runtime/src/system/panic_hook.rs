//! Panic hook that reports uncaught panics as errors.

use super::time_limit::run_with_limit;
use crate::{
    boundary::{Operation, Recognised, Report, Then, panic::located},
    error::{AppError, ErrorCode, View},
    event::LogLevel,
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

/// Whether the hook reports panics. A hook of the process cannot be removed from below the hooks that
/// others have installed since: it stays, and does nothing while the system is down.
static IS_ACTIVE: AtomicBool = AtomicBool::new(false);

/// Reports panics from now on, after the previous hook has run.
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
            if !IS_ACTIVE.load(Ordering::Relaxed) {
                return;
            }
            // The boundary or health check that catches a panic reports it.
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

/// Leaves panics to the previous hook.
pub(super) fn deactivate() {
    IS_ACTIVE.store(false, Ordering::Relaxed);
}

/// Reports a panic from another thread: a panic inside of a hook, for example of an observer, aborts
/// the process.
fn report(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let name = thread.name().unwrap_or("(no name)").to_owned();
    let payload = panics::text_of(panic.payload()).to_owned();
    let place = panic
        .location()
        .map(|place| (place.file().to_owned(), place.line(), place.column()));
    run_with_limit(LONGEST_REPORT, move || {
        let _ = panics::catch(|| {
            let mut error = AppError::new(
                ErrorCode::PANIC_ERROR,
                format!("the thread `{name}` panicked: {payload}"),
            )
            .with_detail("thread", &name);
            let mut operation = Operation::new("panic", "", "", 0);
            if let Some((file, line, column)) = &place {
                error = located(error, &format!("{file}:{line}:{column}"));
                operation = Operation::new("panic", file, interned(file), *line);
            }
            let report = Report::new(View::from_app(&error), &operation);
            report
                .level(LogLevel::Critical)
                .without_location()
                .send(Recognised::default(), Then::Ends);
        });
    });
}

/// Returns the name of a source file for as long as the program runs. The set of names is bounded by
/// the number of source files.
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

/// The panicking thread waits for its report, since the process may be about to end, but not for one
/// that hangs.
const LONGEST_REPORT: Duration = Duration::from_secs(1);

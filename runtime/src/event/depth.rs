//! A bound on reports and events from within reports and events.
//!
//! An observer, a layer of the log, a hook or a journal that reports an error is called for that
//! error again: without a bound it would go on until the stack overflows.

use crate::scope;
use std::{
    cell::Cell,
    sync::{
        Once,
        atomic::{AtomicU64, Ordering},
    },
    thread::LocalKey,
};

/// How deep reports nest on one thread, and how deep events do. Low, since each level may have
/// several children.
pub(crate) const MAX_DEPTH: u32 = 4;

thread_local! {
    static REPORTS: Cell<u32> = const { Cell::new(0) };
    static EVENTS: Cell<u32> = const { Cell::new(0) };
}

/// How many were dropped. Relaxed: it is only shown.
#[derive(Debug, Default)]
struct Dropped(AtomicU64);

static DROPPED: Dropped = Dropped(AtomicU64::new(0));

/// Returns how many reports and events were dropped because they came from within too many others
/// on their thread; inside a test scope, how many in that scope.
///
/// An observer, a `tracing` layer, a `before_record` hook or a journal that reports an error is
/// called again for the error that it reports. Reports nest up to 4 deep on one thread, and so do
/// events; what is nested deeper is neither logged nor counted nor passed to observers, but counted
/// here. The first time there is a line at warning in the log.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, event, testing::Scope};
///
/// let scope = Scope::new();
/// scope.run(|| {
///     // Called for each error, also for those that it reports.
///     let _subscription = event::subscribe(|_: &event::Event<'_>| {
///         gardefou::report(&AppError::new(ErrorCode::API_REQUEST_ERROR, "cannot send the event on"));
///     });
///     gardefou::report(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk quota exceeded"));
///     assert_eq!(gardefou::error_monitor().stats().total_errors, 4);
///     assert_eq!(event::dropped(), 1);
/// });
/// ```
#[must_use]
pub fn dropped() -> u64 {
    let read = |dropped: &Dropped| dropped.0.load(Ordering::Relaxed);
    scope::part(|_| Dropped::default()).map_or_else(|| read(&DROPPED), |of_scope| read(&of_scope))
}

/// Counts a level, until it is dropped.
pub(crate) struct Nested(&'static LocalKey<Cell<u32>>);

/// Enters a report; `None` if too many are under way on this thread.
pub(crate) fn enter_report() -> Option<Nested> {
    enter(&REPORTS)
}

/// Enters the passing of an event to observers; `None` if too many are under way on this thread.
pub(crate) fn enter_event() -> Option<Nested> {
    enter(&EVENTS)
}

/// Returns `true` if an event is being passed to observers on this thread.
#[cfg(all(feature = "monitor", feature = "tracing-subscriber"))]
pub(crate) fn is_in_event() -> bool {
    EVENTS.get() > 0
}

fn enter(depth: &'static LocalKey<Cell<u32>>) -> Option<Nested> {
    let level = depth.get();
    if level >= MAX_DEPTH {
        drop_one();
        return None;
    }
    depth.set(level + 1);
    Some(Nested(depth))
}

impl Drop for Nested {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[cold]
fn drop_one() {
    match scope::part(|_| Dropped::default()) {
        Some(of_scope) => of_scope.0.fetch_add(1, Ordering::Relaxed),
        None => DROPPED.0.fetch_add(1, Ordering::Relaxed),
    };
    // A layer may report an error for this line too. The line is not written inside `call_once`,
    // which would wait for itself then.
    static WARNED: Once = Once::new();
    let mut is_first = false;
    WARNED.call_once(|| is_first = true);
    if is_first {
        tracing::warn!(
            target: super::names::TARGET_ERROR,
            "an observer or a layer of the log reports errors while it is called for one; those nested deeper than 4 are dropped"
        );
    }
}

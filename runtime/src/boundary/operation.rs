//! Operations, and the time that one run of them takes.

use crate::{
    error::redact,
    event::{debug_with_names, names},
    time::{SharedClock, Tick},
};
use std::time::Duration;
use tracing::{Level, level_filters::LevelFilter};

/// What a boundary or an annotated function is called and where it stands: one static per call
/// site.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operation<'a> {
    name: &'a str,
    component: &'a str,
    file: &'static str,
    line: u32,
}

debug_with_names!(Operation { name, component; file, line });

impl<'a> Operation<'a> {
    /// Describes an operation: its name, `module_path!()`, `file!()` and `line!()`.
    #[must_use]
    pub const fn new(name: &'a str, component: &'a str, file: &'static str, line: u32) -> Self {
        Self {
            name,
            component,
            file,
            line,
        }
    }

    /// Returns the name of the function or boundary.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the module that it is in.
    #[must_use]
    pub const fn component(&self) -> &'a str {
        self.component
    }

    /// Returns the file that it is in.
    #[must_use]
    pub const fn file(&self) -> &'static str {
        self.file
    }

    /// Returns the line that it stands on.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }
}

/// The start of one run of an operation, where the level debug is on.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct OperationTimer {
    /// [`Tick::MAX`] where it was not taken.
    started: Tick,
}

impl OperationTimer {
    /// That of no run.
    pub(crate) const NONE: Self = Self { started: Tick::MAX };

    /// Enters an annotated function: logs nothing, and reads the clock only where `debug` is on for
    /// boundaries.
    #[inline]
    pub(crate) fn function() -> Self {
        Self::started_by(start_if_enabled)
    }

    /// Enters a boundary: logs that at debug, and reads the clock only where that level is on.
    #[inline]
    pub(crate) fn boundary(operation: &Operation<'_>) -> Self {
        Self::started_by(|| enter_if_enabled(operation))
    }

    /// Begins a transaction, with a line at debug, and reads the clock only where that is on.
    #[inline]
    pub(super) fn transaction(operation: &Operation<'_>) -> Self {
        Self::started_by(|| begin_if_enabled(operation))
    }

    /// Costs one relaxed load and a comparison; `start`, which runs where the level is on, stays
    /// out of the caller's code.
    #[inline]
    fn started_by(start: impl FnOnce() -> Tick) -> Self {
        let is_debug = LevelFilter::current() >= Level::DEBUG;
        let started = if is_debug { start() } else { Tick::MAX };
        Self { started }
    }

    /// Returns `true` if the start was taken.
    #[inline]
    pub(super) fn is_timed(&self) -> bool {
        self.started != Tick::MAX
    }

    /// Leaves the operation by success: logs that at debug, with the duration.
    #[inline]
    pub(crate) fn succeeded(self, operation: &Operation<'_>) {
        if self.is_timed() {
            log_success(operation, self.started);
        }
    }

    /// Takes the timer out of a guard, which logs nothing when it is dropped after that.
    #[inline]
    pub(super) fn finish(&mut self) -> Self {
        Self {
            started: std::mem::replace(&mut self.started, Tick::MAX),
        }
    }

    /// Leaves the operation by success, and finishes the timer of a guard.
    #[inline]
    pub(super) fn finish_by_success(&mut self, operation: &Operation<'_>) {
        if self.is_timed() {
            self.finish().succeeded(operation);
        }
    }

    /// Leaves the operation by neither success nor error: logs that at debug, unless the timer is
    /// finished.
    #[inline]
    pub(super) fn left(&self, operation: &Operation<'_>) {
        if self.is_timed() {
            log_left(operation, self.started);
        }
    }

    /// Returns how long the operation has run, where its start was taken.
    #[inline]
    #[must_use]
    pub(crate) fn elapsed(&self) -> Option<Duration> {
        self.is_timed()
            .then(|| SharedClock::current().now().since(self.started))
    }
}

/// Writes a line about an operation at debug.
macro_rules! log_debug {
    ($target:expr, $operation:expr, $($duration:ident,)? $message:literal) => {
        tracing::debug!(
            target: $target, operation = &*redact::name($operation.name), component = $operation.component,
            file = $operation.file, line = $operation.line, $($duration,)? $message
        )
    };
}

fn is_enabled() -> bool {
    tracing::enabled!(target: names::TARGET_BOUNDARY, Level::DEBUG)
}

#[cold]
#[inline(never)]
fn start_if_enabled() -> Tick {
    if !is_enabled() {
        return Tick::MAX;
    }
    SharedClock::current().now()
}

#[cold]
#[inline(never)]
fn enter_if_enabled(operation: &Operation<'_>) -> Tick {
    if !is_enabled() {
        return Tick::MAX;
    }
    log_debug!(names::TARGET_BOUNDARY, operation, "entered");
    SharedClock::current().now()
}

#[cold]
#[inline(never)]
fn begin_if_enabled(operation: &Operation<'_>) -> Tick {
    if !tracing::enabled!(target: names::TARGET_TRANSACTION, Level::DEBUG) {
        return Tick::MAX;
    }
    log_debug!(names::TARGET_TRANSACTION, operation, "begun");
    SharedClock::current().now()
}

#[cold]
#[inline(never)]
fn log_success(operation: &Operation<'_>, started: Tick) {
    let duration = seconds_since(started);
    log_debug!(names::TARGET_BOUNDARY, operation, duration, "succeeded");
}

#[cold]
#[inline(never)]
fn log_left(operation: &Operation<'_>, started: Tick) {
    let duration = seconds_since(started);
    log_debug!(names::TARGET_BOUNDARY, operation, duration, "left early");
}

fn seconds_since(started: Tick) -> f64 {
    SharedClock::current().now().since(started).as_secs_f64()
}

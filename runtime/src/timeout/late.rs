//! Blocking calls that took longer than their limit.

use super::handle::TimeoutInner;
use crate::{
    boundary::{Operation, Recognised, Report, Then},
    call,
    error::{AppError, ErrorCode, View},
    event::LogLevel,
};
use std::time::Duration;

/// Records as a warning that a call succeeded too late, which counts as slow for breakers around
/// it.
#[cold]
#[inline(never)]
pub(super) fn record(timeout: &TimeoutInner, limit: Duration, elapsed: Duration) {
    let place = timeout.place;
    let mut error = AppError::new(
        ErrorCode::TIMEOUT_ERROR,
        format!("the call succeeded after {elapsed:?}, and its limit is {limit:?}"),
    );
    add_times(&mut error, limit, elapsed);
    let operation = Operation::new(&timeout.name, place.file(), place.file(), place.line());
    call::post_late();
    Report::new(View::from_app(&error), &operation)
        .level(LogLevel::Warn)
        .without_location()
        .send(Recognised::from_view(View::from_app(&error)), Then::Ends);
}

/// Adds to the error of a call that failed too late how long it took.
#[cold]
pub(super) fn annotate(error: Option<&mut AppError>, limit: Duration, elapsed: Duration) {
    if let Some(error) = error {
        add_times(error, limit, elapsed);
    }
}

fn add_times(error: &mut AppError, limit: Duration, elapsed: Duration) {
    error.add_detail("limit", limit.as_secs_f64());
    error.add_detail("elapsed", elapsed.as_secs_f64());
}

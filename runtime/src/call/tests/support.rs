//! Helpers of the tests.

use crate::{
    call::{
        Deadline, EnteredAttempt, Frame, Marked, PackedSeries, Reported,
        current::{CURRENT, Current},
        deadline::EnteredDeadline,
        frame::Entered,
        post_reported,
    },
    error::{ErrorId, View},
    time::{ManualClock, SharedClock},
};
use std::{panic::Location, time::Duration};

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// Returns the identity of the current frame.
pub(super) fn current_frame() -> u64 {
    CURRENT.with(Current::name)
}

impl Entered<'_> {
    /// Returns the identity of the frame, which is the current one.
    pub(super) fn id(&self) -> u64 {
        current_frame()
    }
}

/// Enters an attempt of a retry that is built here.
#[track_caller]
pub(super) fn enter_attempt(
    frame: &mut Frame,
    index: u32,
    max_attempts: u32,
    deadline: Option<EnteredDeadline>,
) -> EnteredAttempt<'_> {
    let first = PackedSeries::first(max_attempts, Location::caller());
    frame.enter_attempt(first, index, deadline, |_| {})
}

pub(super) fn in_seconds(clock: &ManualClock, seconds: u32) -> Deadline {
    let clock = SharedClock::new(clock.clone());
    Deadline::new(clock.now().after(SECOND * seconds), clock)
}

/// Posts a report, and returns its identity.
pub(super) fn report(text: &str) -> ErrorId {
    let id = ErrorId::default();
    let error = std::io::Error::other(text.to_owned());
    post_reported(Reported::new(id, View::from_std(&error), Marked::No));
    id
}

pub(super) fn reported_in(frame: &mut Frame) -> Vec<ErrorId> {
    frame
        .end()
        .map(|mut inbox| inbox.take_reported().iter().map(Reported::id).collect())
        .unwrap_or_default()
}

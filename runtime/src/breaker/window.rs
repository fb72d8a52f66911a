//! Sliding windows: the last N calls, or the calls of the last seconds.
//!
//! Each call costs O(1), and an old entry leaves when it is due, not in batches.

mod count;
mod time;

#[cfg(test)]
mod tests;

use super::config::WindowKind;
use crate::time::Tick;
use count::CountWindow;
use std::ops::Range;
use time::TimeWindow;

/// Contents of a window at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) calls: u64,
    pub(super) failures: u64,
    pub(super) slow: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        self.slow += other.slow;
    }

    fn remove(&mut self, other: Self) {
        self.calls -= other.calls;
        self.failures -= other.failures;
        self.slow -= other.slow;
    }
}

/// Identity of one call's entry, by which it is found while it is in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryId(pub(super) u64);

/// The calls over which rates are computed.
#[derive(Clone, Debug)]
pub(super) enum Window {
    None,
    Count(CountWindow),
    /// Boxed, so that the many breakers without one stay small.
    Time(Box<TimeWindow>),
}

impl Window {
    pub(super) fn new(kind: Option<WindowKind>) -> Self {
        match kind {
            None => Self::None,
            Some(WindowKind::Calls(calls)) => Self::Count(CountWindow::new(calls)),
            Some(WindowKind::Time(span)) => Self::Time(Box::new(TimeWindow::new(span))),
        }
    }

    /// Makes a window of another kind or size that keeps what fits of this one.
    pub(super) fn resized_at(&mut self, now: Tick, kind: Option<WindowKind>) -> Self {
        let mut new = Self::new(kind);
        match (self, &mut new) {
            (Self::Count(old), Self::Count(new)) => old.replay_into(new),
            (Self::Time(old), Self::Time(new)) => {
                // What has expired does not come back because the new window is longer.
                old.slide_to(now);
                old.replay_into(new);
            }
            (_, Self::Time(new)) => new.begin_at(now),
            _ => {}
        }
        new
    }

    /// Adds a call.
    pub(super) fn record_at(&mut self, now: Tick, failure: bool, slow: bool) -> EntryId {
        match self {
            Self::None => EntryId(0),
            Self::Count(window) => window.record(failure, slow),
            Self::Time(window) => {
                let one = Tally {
                    calls: 1,
                    failures: failure.into(),
                    slow: slow.into(),
                };
                window.add_at(now, one)
            }
        }
    }

    /// Adds quick successes of the stretch of time that [`present`](Self::present) returns.
    pub(super) fn record_successes(&mut self, successes: u64) {
        match self {
            Self::None => {}
            Self::Count(window) => window.record_successes(successes),
            Self::Time(window) => window.record_successes(successes),
        }
    }

    /// Returns the contents as of the latest entry, and the stretch of time in which they change by
    /// entries alone.
    pub(super) fn present(&self) -> (Tally, Range<Tick>) {
        let always = Tick::ZERO..Tick::MAX;
        match self {
            Self::None => (Tally::default(), always),
            Self::Count(window) => (window.tally, always),
            Self::Time(window) => window.present(),
        }
    }

    /// Returns the identity that the next entry will have.
    pub(super) fn next_entry_at(&self, now: Tick) -> EntryId {
        match self {
            Self::None => EntryId(0),
            Self::Count(window) => window.next_entry(),
            Self::Time(window) => window.next_entry_at(now),
        }
    }

    /// Turns an entry that was recorded as no failure into a failure, if it is still here.
    pub(super) fn amend_failure_at(&mut self, now: Tick, entry: EntryId) {
        match self {
            Self::None => {}
            Self::Count(window) => window.amend_failure(entry),
            Self::Time(window) => window.amend_failure_at(now, entry),
        }
    }

    /// Returns the contents, without moving the window.
    pub(super) fn tally_at(&self, now: Tick) -> Tally {
        match self {
            Self::None => Tally::default(),
            Self::Count(window) => window.tally,
            Self::Time(window) => window.tally_at(now),
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::None => {}
            Self::Count(window) => window.clear(),
            Self::Time(window) => window.clear(),
        }
    }
}

//! Outcomes of calls through retries: those that succeeded late, and those that failed for good.

use super::{
    serialize::serialize_fields,
    table::{OTHER, Row, Table},
};
use crate::{
    event::{
        RetryEvent, RetryEventKind,
        record::{MAX_NAME, fingerprint::key_of},
        text,
    },
    named::named,
    time::{Tick, Timestamp},
};
use std::sync::Arc;

/// How a call through a retry ended.
///
/// A call whose first attempt succeeds emits no event, and is not counted here: only
/// [metrics](crate::guide::metrics) have those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RetryOutcome {
    /// An attempt after the first succeeded.
    SuccessfulWithRetry,
    /// The last of several attempts failed.
    FailedWithRetry,
    /// The first attempt failed, and no other was made.
    FailedWithoutRetry,
}

named! {
    /// Returns the outcome's name, for example `successful_with_retry`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{error_monitor, retry::{Backoff, Retry}};
    /// use std::time::Duration;
    ///
    /// let retry = Retry::builder().max_retries(1).backoff(Backoff::constant(Duration::ZERO)).build()?;
    /// assert!(retry.call(|| Err::<(), _>("no answer")).is_err());
    /// let snapshot = error_monitor().snapshot();
    /// assert_eq!(snapshot.retries[0].kind.name(), "failed_with_retry");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    RetryOutcome {
        SuccessfulWithRetry = "successful_with_retry",
        FailedWithRetry = "failed_with_retry",
        FailedWithoutRetry = "failed_without_retry",
    }
}

impl RetryOutcome {
    /// Returns the outcome of a call that is over.
    fn from_event(event: &RetryEvent<'_>) -> Option<Self> {
        match event.kind {
            RetryEventKind::Scheduled { .. } => None,
            RetryEventKind::Succeeded => Some(Self::SuccessfulWithRetry),
            RetryEventKind::GaveUp { .. } if event.attempts > 1 => Some(Self::FailedWithRetry),
            RetryEventKind::GaveUp { .. } => Some(Self::FailedWithoutRetry),
        }
    }
}

/// Calls through one retry that ended in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetrySnapshot {
    /// The retry's name, or `_OTHER`.
    pub name: String,
    /// How the calls ended.
    pub kind: RetryOutcome,
    /// How many calls ended so; each call once, however many attempts it took.
    pub count: u64,
    /// How many attempts they took together, the first ones included.
    pub attempts: u64,
    /// When the last of them ended.
    pub last_seen: Timestamp,
}

serialize_fields!(RetrySnapshot {
    name,
    kind,
    count,
    attempts,
    last_seen
});

/// Retries by name, in bounded memory.
pub(super) type Retries = Table<RetryRow>;

/// The row of one retry.
#[derive(Clone, Debug)]
pub(super) struct RetryRow {
    name: Arc<str>,
    /// Indexed by the outcome's number.
    tallies: [Tally; 3],
    last_tick: Tick,
}

#[derive(Clone, Copy, Debug)]
struct Tally {
    count: u64,
    attempts: u64,
    last_seen: Timestamp,
}

/// Makes the table; `now` is the time of rows that nothing was counted in.
pub(super) fn retries_at(capacity: usize, now: Timestamp) -> Retries {
    Table::new(capacity, RetryRow::new(OTHER.into(), now))
}

/// Returns `true` if no other attempt follows.
pub(super) fn is_over(event: &RetryEvent<'_>) -> bool {
    RetryOutcome::from_event(event).is_some()
}

/// Counts a call that is over; an attempt that another one follows counts with its call.
pub(super) fn count_at(
    retries: &mut Retries,
    event: &RetryEvent<'_>,
    now: Tick,
    timestamp: Timestamp,
) {
    let Some(outcome) = RetryOutcome::from_event(event) else {
        return;
    };
    let make = || RetryRow::new(text::for_sink(&event.name, MAX_NAME).into(), timestamp);
    let row = retries.row_at(key_of(event.name), 1, now, make);
    row.last_tick = now;
    let tally = &mut row.tallies[outcome as usize];
    tally.count += 1;
    tally.attempts += u64::from(event.attempts);
    tally.last_seen = timestamp;
}

/// Returns the rows that were written at all.
pub(super) fn rows(retries: &Retries) -> Vec<RetryRow> {
    retries
        .iter()
        .map(|(_, row)| row)
        .chain([retries.other()])
        .cloned()
        .collect()
}

/// Turns rows into snapshots, ordered by name and outcome.
pub(super) fn snapshots(mut rows: Vec<RetryRow>) -> Vec<RetrySnapshot> {
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let of_row = |row: &RetryRow| RetryOutcome::ALL.map(|kind| row.snapshot(kind));
    rows.iter()
        .flat_map(of_row)
        .filter(|shown| shown.count > 0)
        .collect()
}

impl RetryRow {
    fn new(name: Arc<str>, timestamp: Timestamp) -> Self {
        let none = Tally {
            count: 0,
            attempts: 0,
            last_seen: timestamp,
        };
        Self {
            name,
            tallies: [none; 3],
            last_tick: Tick::ZERO,
        }
    }

    /// Returns the name, the number of calls by outcome, and of all their attempts.
    pub(super) fn reading(&self) -> (Arc<str>, [u64; 3], u64) {
        let attempts = self.tallies.iter().map(|tally| tally.attempts).sum();
        let name = Arc::clone(&self.name);
        (name, self.tallies.map(|tally| tally.count), attempts)
    }

    fn snapshot(&self, kind: RetryOutcome) -> RetrySnapshot {
        let tally = self.tallies[kind as usize];
        RetrySnapshot {
            name: self.name.to_string(),
            kind,
            count: tally.count,
            attempts: tally.attempts,
            last_seen: tally.last_seen,
        }
    }
}

impl Row for RetryRow {
    fn last_seen(&self) -> Tick {
        self.last_tick
    }

    fn absorb(&mut self, idle: &Self) {
        for (tally, idle) in self.tallies.iter_mut().zip(&idle.tallies) {
            tally.count += idle.count;
            tally.attempts += idle.attempts;
            tally.last_seen = tally.last_seen.max(idle.last_seen);
        }
    }

    fn count(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::ErrorRef,
        event::{RecordSlot, StopReason},
    };

    fn event<'a>(name: &'a str, attempts: u32, kind: RetryEventKind<'a>) -> RetryEvent<'a> {
        RetryEvent {
            name,
            attempts,
            max_attempts: 9,
            elapsed: std::time::Duration::ZERO,
            kind,
            record: RecordSlot::default(),
        }
    }

    fn summary(retries: &Retries) -> Vec<(String, &'static str, u64, u64)> {
        let shown = snapshots(rows(retries)).into_iter();
        shown
            .map(|row| (row.name, row.kind.name(), row.count, row.attempts))
            .collect()
    }

    #[test]
    fn calls_are_counted_by_outcome_and_not_by_attempts() {
        let start = Timestamp::from_unix_millis(0);
        let mut retries = retries_at(2, start);
        let error = ErrorRef::Opaque("x");
        let gave_up = || RetryEventKind::GaveUp {
            reason: StopReason::Permanent,
            error,
        };
        let events = [
            event(
                "b",
                1,
                RetryEventKind::Scheduled {
                    delay: std::time::Duration::ZERO,
                    error,
                },
            ),
            event("b", 2, RetryEventKind::Succeeded),
            event("b", 3, RetryEventKind::Succeeded),
            event("a", 1, gave_up()),
            event("a", 4, gave_up()),
            event("c", 2, RetryEventKind::Succeeded),
            event("d", 5, RetryEventKind::Succeeded),
        ];
        for event in &events {
            count_at(&mut retries, event, Tick::ZERO, start);
        }
        let expected = [
            (OTHER, "successful_with_retry", 2, 7),
            ("a", "failed_with_retry", 1, 4),
            ("a", "failed_without_retry", 1, 1),
            ("b", "successful_with_retry", 2, 5),
        ];
        assert_eq!(
            summary(&retries),
            expected.map(|(name, kind, count, n)| (name.to_owned(), kind, count, n))
        );
    }
}

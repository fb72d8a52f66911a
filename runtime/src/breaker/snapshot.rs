//! Snapshot of a breaker: for people, for dashboards, and for the next start of the program.

mod stored;

use super::{
    cause::CauseText,
    config::BreakerConfig,
    counters::Counter,
    locked::{self, Moment},
    shell::Shell,
    state::{Effects, RestoredState},
};
use crate::{error::redact, event::CircuitState, time::Tick};
use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// Everything that is known about a breaker at one moment.
///
/// It can be stored with serde and given to
/// [`CircuitBreaker::restore`](super::CircuitBreaker::restore) after a restart. Serialised,
/// durations are seconds (a number, or its text where no number of JSON holds them exactly), points
/// in time milliseconds since the Unix epoch, and what is unknown is null.
///
/// # Examples
///
/// ```
/// use gardefou::breaker::{CircuitBreaker, CircuitState, BreakerSnapshot};
///
/// let breaker = CircuitBreaker::builder("snapshot-example").build()?;
/// breaker.try_acquire()?.failure_because("no route");
/// let snapshot = breaker.snapshot();
/// assert_eq!(snapshot.state, CircuitState::Closed);
/// assert_eq!((snapshot.counts.failure, snapshot.consecutive_failures), (1, 1));
/// assert_eq!(snapshot.failure_rate, None, "no window, so no rate is known");
/// assert_eq!(snapshot.last_failure.as_ref().unwrap().cause.as_deref(), Some("no route"));
///
/// let stored = serde_json::to_string(&snapshot)?;
/// let restored: BreakerSnapshot = serde_json::from_str(&stored)?;
/// assert_eq!(restored.counts, snapshot.counts);
/// # Ok::<(), gardefou::AppError>(())
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct BreakerSnapshot {
    /// The name of the breaker, as it was given; `Debug` and the stored form show no secret in it.
    pub name: String,
    /// The state as the next call would find it.
    pub state: CircuitState,
    /// Since when it is in that state, by the wall clock.
    pub since: SystemTime,
    /// How long until time alone ends the state: the rest of the open or half-open time. Zero where
    /// the open time is over and the next call will be a probe; `None` where the state has no end.
    pub remaining: Option<Duration>,
    /// How many times the state changed or was reset.
    pub generation: u64,
    /// The outcomes of all calls since the breaker was made.
    pub counts: CallCounts,
    /// Failures in a row, while closed.
    pub consecutive_failures: u32,
    /// How often recovery has failed since the circuit was last closed.
    pub failed_recoveries: u32,
    /// How many calls the window holds.
    pub window_calls: u64,
    /// The share of failures in the window; `None`, unknown, below the minimum number of calls or
    /// without a window.
    pub failure_rate: Option<f64>,
    /// The share of slow calls in the window; `None`, unknown, as above.
    pub slow_rate: Option<f64>,
    /// The latest failure.
    pub last_failure: Option<LastFailure>,
    /// The text of the failure that opened the circuit, while it is not closed: the cause that
    /// rejections give.
    pub opened_by: Option<String>,
    /// The configuration.
    pub config: BreakerConfig,
    /// When the snapshot was taken, by the wall clock.
    pub taken_at: SystemTime,
}

/// Number of calls by outcome. Outcomes of a past generation are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CallCounts {
    /// Calls that succeeded.
    pub success: u64,
    /// Calls that failed, panics and abandoned calls included.
    pub failure: u64,
    /// Calls whose outcome shows nothing about the callee.
    pub ignored: u64,
    /// Calls that took longer than `slow_call`; they are successes or failures too once they end.
    pub slow: u64,
    /// Calls that were rejected, or in shadow mode would have been.
    pub rejected: u64,
    /// Pending calls that were dropped after `abandoned_after`.
    pub abandoned: u64,
}

impl CallCounts {
    /// Returns the number of all calls, rejected ones included.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(1).build()?;
    /// breaker.try_acquire()?.success();
    /// breaker.try_acquire()?.failure();
    /// assert!(breaker.try_acquire().is_err());
    /// assert_eq!(breaker.snapshot().counts.total(), 3);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[must_use]
    pub fn total(&self) -> u64 {
        [self.failure, self.ignored, self.rejected]
            .into_iter()
            .fold(self.success, u64::saturating_add)
    }

    fn plus(self, other: Self) -> Self {
        Self {
            success: self.success.saturating_add(other.success),
            failure: self.failure.saturating_add(other.failure),
            ignored: self.ignored.saturating_add(other.ignored),
            slow: self.slow.saturating_add(other.slow),
            rejected: self.rejected.saturating_add(other.rejected),
            abandoned: self.abandoned.saturating_add(other.abandoned),
        }
    }
}

/// The latest failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastFailure {
    /// When it was reported, by the wall clock.
    pub at: SystemTime,
    /// Its text, in one line with secrets redacted, where it has one; or that of a failure less than
    /// a second before it. A failure that opens the circuit always gives its own.
    pub cause: Option<String>,
}

impl BreakerSnapshot {
    pub(super) fn of(shell: &Shell) -> Self {
        let (now, wall) = (shell.clock.now(), shell.clock.wall());
        let at = |tick| {
            wall.checked_sub(now.since(tick))
                .unwrap_or(SystemTime::UNIX_EPOCH)
        };
        // Summed before the lock is taken; a call that races with a snapshot may or may not be in
        // it.
        let counted = CallCounts {
            success: shell.counters.sum(Counter::Success),
            ignored: shell.counters.sum(Counter::Ignored),
            rejected: shell.counters.sum(Counter::Rejected),
            ..CallCounts::default()
        };
        let (mut snapshot, opened_by) = shell.read(|locked| {
            let (failure, latest) = shell.failures();
            let restored = locked.extras.as_ref().map(|extras| extras.restored_counts);
            let counts = CallCounts {
                failure,
                slow: shell.totals.slow.get(),
                abandoned: shell.totals.abandoned.get(),
                ..counted
            };
            let machine = &locked.machine;
            let view = machine.view_at(now);
            let tally = machine.tally_at(now);
            let rates = machine.rates_of(tally);
            let last_failure = locked.last_failure.as_ref().map(|last| {
                let text = last.cause.as_str();
                LastFailure {
                    at: last.at.no_earlier_than(latest).wall(now, wall),
                    cause: (!text.is_empty()).then(|| text.to_owned()),
                }
            });
            let opened_by = locked
                .cause_in(u64::MAX)
                .filter(|_| !matches!(view.state, CircuitState::Closed | CircuitState::Disabled));
            let snapshot = Self {
                name: shell.name.to_string(),
                state: view.state,
                since: at(view.since),
                remaining: view.remaining,
                generation: machine.generation(),
                counts: counts.plus(restored.unwrap_or_default()),
                consecutive_failures: machine.consecutive(),
                failed_recoveries: machine.reopened(),
                window_calls: tally.calls,
                failure_rate: rates.failure,
                slow_rate: rates.slow,
                last_failure,
                opened_by: None,
                config: machine.config().clone(),
                taken_at: wall,
            };
            (snapshot, opened_by)
        });
        // Without the lock: rules of the program remove secrets.
        snapshot.opened_by = opened_by.map(|cause| cause.text().to_owned());
        if let Some(last) = &mut snapshot.last_failure {
            let cause = last.cause.take();
            last.cause = cause.map(|text| redact::text(&text).into_owned());
        }
        snapshot
    }

    pub(super) fn restore_into(&self, shell: &Shell) {
        let now = shell.clock.now();
        // A wall clock that was set back meanwhile does not lengthen the rest.
        let passed = shell
            .clock
            .wall()
            .duration_since(self.taken_at)
            .unwrap_or_default();
        let restored = RestoredState {
            state: self.state,
            remaining: self.remaining.unwrap_or_default().saturating_sub(passed),
            consecutive: self.consecutive_failures,
            reopened: self.failed_recoveries,
        };
        let counts = self.counts;
        let last_failure = self.last_failure.as_ref().map(|last| locked::LastFailure {
            at: Moment::Before(last.at),
            cause: CauseText::of(|out| out.write_str(last.cause.as_deref().unwrap_or_default())),
            written: Tick::MAX,
        });
        let opened_by = self
            .opened_by
            .as_deref()
            .map(|text| CauseText::of(|out| out.write_str(text)));
        let opened_by = opened_by.as_ref().map(|text| redact::text(text.as_str()));
        shell.step(|locked| {
            // A failure of this process is later than any restored one.
            locked.last_failure = locked.last_failure.or(last_failure);
            let restored_counts = &mut locked.extras.get_or_insert_default().restored_counts;
            *restored_counts = restored_counts.plus(counts);
            let effects = locked.machine.restore_at(now, restored);
            shell.note_history(&effects);
            locked.apply(effects, opened_by.as_deref(), shell.rejected());
            ((), Effects::default())
        });
    }
}

impl fmt::Debug for BreakerSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerSnapshot")
            .field("name", &redact::name(&self.name))
            .field("state", &self.state)
            .field("since", &self.since)
            .field("remaining", &self.remaining)
            .field("generation", &self.generation)
            .field("counts", &self.counts)
            .field("consecutive_failures", &self.consecutive_failures)
            .field("failed_recoveries", &self.failed_recoveries)
            .field("window_calls", &self.window_calls)
            .field("failure_rate", &self.failure_rate)
            .field("slow_rate", &self.slow_rate)
            .field("last_failure", &self.last_failure)
            .field("config", &self.config)
            .field("taken_at", &self.taken_at)
            .finish()
    }
}

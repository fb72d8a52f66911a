//! The last changes of a breaker's state, as they are read.

use super::handle::CircuitBreaker;
use crate::{
    event::{CircuitState, TransitionReason},
    time::Timestamp,
};

/// A change of the state of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateChange {
    /// The state before.
    pub from: CircuitState,
    /// The state after.
    pub to: CircuitState,
    /// Why it changed.
    pub reason: TransitionReason,
    /// When it changed, by the wall clock.
    pub at: Timestamp,
}

impl CircuitBreaker {
    /// Returns the last changes of the state, oldest first: 20 at most. Reading them changes nothing;
    /// an open time that is over is no change before the next call.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState};
    ///
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(1).build()?;
    /// assert!(breaker.state_changes().is_empty());
    /// breaker.try_acquire()?.failure();
    /// breaker.reset();
    /// let changes: Vec<_> = breaker.state_changes().iter().map(|it| (it.from, it.to)).collect();
    /// assert_eq!(changes, [
    ///     (CircuitState::Closed, CircuitState::Open),
    ///     (CircuitState::Open, CircuitState::Closed),
    /// ]);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[must_use]
    pub fn state_changes(&self) -> Vec<StateChange> {
        let shell = self.shell();
        let (now, wall) = (shell.clock.now(), shell.clock.wall());
        let changes = shell.recent_changes().into_iter().map(|change| {
            let at = wall.checked_sub(now.since(change.at));
            StateChange {
                from: change.from,
                to: change.to,
                reason: change.reason,
                at: at.unwrap_or(std::time::SystemTime::UNIX_EPOCH).into(),
            }
        });
        changes.collect()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::time::{Clock, ManualClock};
    use std::time::Duration;

    #[test]
    fn last_changes_are_kept_with_their_times() {
        let clock = ManualClock::new();
        let begin = Timestamp::from(clock.wall()).as_unix_millis();
        let breaker = CircuitBreaker::builder("flaps")
            .clock(clock.clone())
            .build()
            .unwrap();
        for _ in 0..15 {
            clock.advance(Duration::from_secs(1));
            breaker.force_open();
            clock.advance(Duration::from_secs(1));
            breaker.reset();
        }
        let changes = breaker.state_changes();
        let seconds: Vec<i64> = changes
            .iter()
            .map(|change| (change.at.as_unix_millis() - begin) / 1000)
            .collect();
        assert_eq!(seconds, (11..=30).collect::<Vec<i64>>());
        for pair in changes.windows(2) {
            assert_eq!(pair[0].to, pair[1].from);
            assert_eq!(pair[0].reason, TransitionReason::Manual);
        }
        assert_eq!(changes[19].to, CircuitState::Closed);
    }
}

//! What a scrape reads of a breaker, without its lock.

use super::{
    counters::Counter, handle::CircuitBreaker, history::HistoryReading, registry::BreakerRegistry,
    snapshot::CallCounts,
};
use crate::{keyed::InstanceId, per_thread::DurationsReading};

/// The numbers of one breaker since it was made.
///
/// They are read one after another while calls go on: each is exact, their sum may be that of no
/// moment.
#[derive(Clone, Debug)]
pub(crate) struct BreakerReading {
    pub(crate) instance: InstanceId,
    pub(crate) breaker: CircuitBreaker,
    /// Without those of an earlier process.
    pub(crate) counts: CallCounts,
    pub(crate) history: HistoryReading,
    /// Where calls are timed.
    pub(crate) durations: Option<DurationsReading>,
}

impl BreakerReading {
    /// Returns the name without the key.
    pub(crate) fn unkeyed_name(&self) -> &str {
        self.breaker.shell().name.unkeyed()
    }
}

impl CircuitBreaker {
    fn into_reading(self) -> BreakerReading {
        let shell = self.shell();
        let counts = CallCounts {
            success: shell.counters.sum(Counter::Success),
            failure: shell.failures().0,
            ignored: shell.counters.sum(Counter::Ignored),
            slow: shell.totals.slow.get(),
            rejected: shell.counters.sum(Counter::Rejected),
            abandoned: shell.totals.abandoned.get(),
        };
        BreakerReading {
            instance: shell.name.instance(),
            counts,
            history: shell.history_at(shell.clock.now()),
            durations: shell.durations(),
            breaker: self,
        }
    }
}

impl BreakerRegistry {
    /// Reads each breaker without its lock, those of keys included.
    pub(crate) fn readings(&self) -> impl Iterator<Item = BreakerReading> {
        self.all().into_iter().map(CircuitBreaker::into_reading)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::{event::CircuitState, time::ManualClock};
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        thread,
        time::Duration,
    };

    /// It would never end if it took the lock.
    #[test]
    fn reading_ends_while_the_lock_is_held() {
        let breaker = CircuitBreaker::builder("read")
            .failure_threshold(1)
            .build()
            .unwrap();
        breaker.try_acquire().unwrap().failure();
        let reading = breaker.shell().read(|_| breaker.clone().into_reading());
        assert_eq!(
            (reading.counts.failure, reading.history.state),
            (1, CircuitState::Open)
        );
        assert_eq!(reading.history.automatic, [1, 0, 0, 0]);
    }

    /// Whatever changes meanwhile, the times of a reading are those of one moment: on a clock that
    /// stands still between changes, they sum up to a whole number of turns.
    #[test]
    fn reading_of_a_history_is_whole_while_the_state_changes() {
        const TURN: Duration = Duration::from_secs(1);
        let clock = ManualClock::new();
        let breaker = CircuitBreaker::builder("turns")
            .clock(clock.clone())
            .build()
            .unwrap();
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    breaker.force_open();
                    breaker.disable();
                    breaker.reset();
                    clock.advance(TURN);
                }
                is_over.store(true, Ordering::Relaxed);
            });
            while !is_over.load(Ordering::Relaxed) {
                let history = breaker.clone().into_reading().history;
                let sum: u64 = history.times.iter().sum();
                assert_eq!(sum % 1_000_000_000, 0, "{history:?}");
                let [closed, _, _, forced_open, disabled] = history.manual;
                assert!(forced_open >= disabled && disabled >= closed, "{history:?}");
                assert!(forced_open - closed <= 1, "{history:?}");
            }
        });
        let history = breaker.into_reading().history;
        assert_eq!(history.manual, [20_000, 0, 0, 20_000, 20_000]);
        assert_eq!(
            history.times[CircuitState::Closed as usize],
            20_000_000_000_000
        );
    }
}

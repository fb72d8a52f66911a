//! How long the attempts of the last minute took, and a quantile of that.

mod histogram;

use crate::{
    sync::{AtomicU64, Mutex, Ordering::Relaxed},
    time::{Tick, saturating_nanos},
};
use histogram::SlidingHistogram;
use std::time::Duration;

/// The quantile of the last minute, as the delay of the next call.
#[derive(Debug)]
pub(super) struct Latencies {
    quantile: f64,
    histogram: Mutex<SlidingHistogram>,
    /// The delay in nanoseconds, or [`UNKNOWN`].
    delay: AtomicU64,
    /// Until when that delay holds. Relaxed, as the delay: a call that reads one of them before
    /// and the other after a change has the delay of a moment ago, for at most [`VALIDITY`].
    valid_until: AtomicU64,
}

const UNKNOWN: u64 = u64::MAX;

/// Below so many attempts a quantile says little: 95 % of 100 leaves five above it.
const LEAST_SAMPLES: u64 = 100;

/// How long a delay holds before it is computed anew.
const VALIDITY: Duration = Duration::from_millis(100);

impl Latencies {
    pub(super) fn new(quantile: f64) -> Self {
        Self {
            quantile,
            histogram: Mutex::default(),
            delay: AtomicU64::new(UNKNOWN),
            valid_until: AtomicU64::new(0),
        }
    }

    /// Records an attempt that ended at `now`.
    pub(super) fn record_at(&self, now: Tick, took: Duration) {
        self.histogram.lock().record_at(now, saturating_nanos(took));
    }

    /// Returns the delay of a call that begins at `now`, if enough is known.
    pub(super) fn delay_at(&self, now: Tick) -> Option<Duration> {
        let valid_until = self.valid_until.load(Relaxed);
        // One that holds for longer was computed on another time line.
        let left = valid_until.saturating_sub(now.as_nanos());
        let delay = if left > 0 && left <= saturating_nanos(VALIDITY) {
            self.delay.load(Relaxed)
        } else {
            self.compute_at(now)
        };
        (delay != UNKNOWN).then(|| Duration::from_nanos(delay))
    }

    #[cold]
    fn compute_at(&self, now: Tick) -> u64 {
        let mut histogram = self.histogram.lock();
        let delay = histogram
            .quantile_at(now, self.quantile, LEAST_SAMPLES)
            .unwrap_or(UNKNOWN);
        // Under the lock, so that of two threads the one with the newer counts writes last.
        self.delay.store(delay, Relaxed);
        self.valid_until
            .store(now.after(VALIDITY).as_nanos(), Relaxed);
        delay
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    #[test]
    fn delay_is_known_from_a_hundred_attempts_of_the_last_minute_on() {
        let latencies = Latencies::new(0.95);
        let at = |seconds| Tick::ZERO.after(Duration::from_secs(seconds));
        for _ in 0..99 {
            latencies.record_at(at(1), MILLISECOND);
        }
        assert_eq!(latencies.delay_at(at(1)), None);
        latencies.record_at(at(1), MILLISECOND);
        assert_eq!(latencies.delay_at(at(1)), None, "computed a moment ago");
        let delay = latencies.delay_at(at(2)).unwrap();
        assert!(
            (MILLISECOND..=MILLISECOND * 9 / 8).contains(&delay),
            "{delay:?}"
        );
        assert!(latencies.delay_at(at(54)).is_some());
        assert_eq!(
            latencies.delay_at(at(62)),
            None,
            "they are older than a minute"
        );
    }

    #[test]
    fn delay_of_a_time_line_that_ran_ahead_does_not_hold() {
        let latencies = Latencies::new(0.5);
        let ahead = Tick::ZERO.after(Duration::from_secs(1_000_000));
        (0..100).for_each(|_| latencies.record_at(ahead, MILLISECOND));
        assert!(latencies.delay_at(ahead).is_some());
        assert_eq!(latencies.delay_at(Tick::ZERO), None);
        (0..100).for_each(|_| latencies.record_at(Tick::ZERO, MILLISECOND));
        assert!(latencies.delay_at(Tick::ZERO.after(VALIDITY)).is_some());
    }
}

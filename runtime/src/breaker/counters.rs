//! Counters of the calls of one breaker.

use crate::{per_thread, time::Tick};
use std::sync::atomic::{AtomicU64, Ordering};

/// The outcomes that are counted without a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    Success,
    Ignored,
    Rejected,
}

/// The counters of one breaker.
#[derive(Debug, Default)]
pub(super) struct Counters(per_thread::Counters<3>);

impl Counters {
    /// Counts one call.
    #[inline]
    pub(super) fn add(&self, what: Counter) {
        self.0.add(what as usize);
    }

    /// Sums what all threads have counted.
    pub(super) fn sum(&self, what: Counter) -> u64 {
        self.0.sum(what as usize)
    }

    /// Sums the successes, with those of other threads up to some moment at this tick.
    #[inline]
    pub(super) fn successes_in(&self, tick: Tick) -> u64 {
        self.0.sum_in(Counter::Success as usize, tick)
    }
}

/// Counts of the calls of this process whose outcome takes the lock.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) failure: LockedCount,
    pub(super) slow: LockedCount,
    pub(super) abandoned: LockedCount,
}

/// A count that is written under the breaker's lock and read without it.
#[derive(Debug, Default)]
pub(super) struct LockedCount(AtomicU64);

impl LockedCount {
    /// Adds one, under the lock.
    pub(super) fn add_locked(&self) {
        // Relaxed, and no atomic addition: the lock orders the writes, and nothing is decided by the
        // count.
        let count = self.0.load(Ordering::Relaxed);
        self.0.store(count.saturating_add(1), Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

//! Counters of the calls of one breaker.

use crate::per_thread;

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
}

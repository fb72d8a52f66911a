//! What a scrape reads of a limiter, without a lock.

use super::{handle::RateLimiter, registry::RateLimiters};
use crate::keyed::InstanceId;
use std::sync::atomic::{AtomicU64, Ordering};

/// The numbers of one limiter since it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RateLimiterReading {
    pub(crate) instance: InstanceId,
    /// Without the key.
    pub(crate) name: Box<str>,
    /// How many permits could be taken at once.
    pub(crate) available: u32,
    pub(crate) waiting: u64,
    pub(crate) admitted: u64,
    pub(crate) rejected: u64,
    pub(crate) cancelled: u64,
    /// Requests that got their permits after a wait.
    pub(crate) waits: u64,
    /// Their nanoseconds together.
    pub(crate) wait_time: u64,
}

/// A sum of nanoseconds. Relaxed: nothing is decided by it.
#[derive(Debug, Default)]
pub(super) struct WaitTime(AtomicU64);

impl WaitTime {
    pub(super) fn add(&self, nanos: u64) {
        self.0.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl RateLimiters {
    /// Reads each limiter without a lock, those of keys included.
    pub(crate) fn readings(&self) -> Vec<RateLimiterReading> {
        self.all().iter().map(RateLimiter::reading).collect()
    }
}

//! What a scrape reads of a bulkhead.

use super::{
    handle::Bulkhead,
    inner::{Inner, Reason},
    registry::BulkheadRegistry,
};
use crate::keyed::InstanceId;
use std::sync::atomic::{AtomicU64, Ordering};

/// The numbers of one bulkhead since it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BulkheadReading {
    pub(crate) instance: InstanceId,
    /// Without the key.
    pub(crate) name: Box<str>,
    pub(crate) limit: u32,
    pub(crate) running: u32,
    pub(crate) waiting: u64,
    pub(crate) admitted: u64,
    /// All slots taken; the queue full too; none free in time.
    pub(crate) rejected: [u64; 3],
    pub(crate) cancelled: u64,
    /// Waits that ended, whatever became of the call.
    pub(crate) waits: u64,
    /// Their nanoseconds together.
    pub(crate) wait_time: u64,
}

/// Waits that ended. Relaxed: nothing is decided by them.
#[derive(Debug, Default)]
pub(super) struct Waits {
    number: AtomicU64,
    nanos: AtomicU64,
}

impl Waits {
    pub(super) fn add(&self, nanos: u64) {
        self.number.fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }

    /// Returns the nanoseconds of all of them together.
    pub(super) fn time(&self) -> u64 {
        self.nanos.load(Ordering::Relaxed)
    }
}

impl Inner {
    /// Reads the counts for a scrape, under the lock for as long as it takes to copy a few numbers.
    pub(super) fn reading(&self) -> BulkheadReading {
        self.read(|word, admitted, locked| BulkheadReading {
            instance: self.name.instance(),
            name: self.name.unkeyed().into(),
            limit: word.limit(),
            running: word.in_flight(),
            waiting: locked.queue.waiting().into(),
            admitted,
            rejected: [Reason::Full, Reason::QueueFull, Reason::TimedOut]
                .map(|reason| self.rejected(reason)),
            cancelled: locked.cancelled,
            waits: self.waits.number(),
            wait_time: self.waits.time(),
        })
    }
}

impl BulkheadRegistry {
    /// Reads each bulkhead, those of keys included.
    pub(crate) fn readings(&self) -> Vec<BulkheadReading> {
        self.all().iter().map(Bulkhead::reading).collect()
    }
}

//! What a scrape reads of a limiter, without a lock.

use super::{handle::RateLimiter, registry::RateLimiters};
use crate::{
    keyed::InstanceId,
    named_counts::NamedReading,
    per_thread::{DurationsReading, number_of},
};

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
    /// Waits of requests that got their permits after one.
    pub(crate) waits: DurationsReading,
    /// Whether requests may wait.
    pub(super) may_wait: bool,
}

impl RateLimiterReading {
    /// Returns `true` if requests may wait, or have waited.
    pub(crate) fn has_waits(&self) -> bool {
        self.may_wait || number_of(&self.waits) > 0
    }
}

impl RateLimiters {
    /// Reads each limiter without a lock, those of keys included.
    pub(crate) fn readings(&self) -> Vec<RateLimiterReading> {
        self.all().iter().map(RateLimiter::reading).collect()
    }

    /// Reads the waits of each limiter in which requests may wait, or have waited.
    pub(crate) fn waits(&self) -> Vec<NamedReading<DurationsReading>> {
        let all = self.all();
        let waits = all.iter().filter_map(|limiter| {
            let reading = limiter.reading();
            reading.has_waits().then(|| NamedReading {
                instance: reading.instance,
                name: limiter.name().into(),
                values: reading.waits,
            })
        });
        waits.collect()
    }
}

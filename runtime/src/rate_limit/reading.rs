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
    /// How long calls took after they were admitted, where they are timed or were.
    pub(crate) calls: Option<DurationsReading>,
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
        self.durations(|reading| reading.has_waits().then_some(reading.waits))
    }

    /// Reads how long calls took in each limiter whose calls are timed, or were.
    pub(crate) fn calls(&self) -> Vec<NamedReading<DurationsReading>> {
        self.durations(|reading| reading.calls)
    }

    fn durations(
        &self,
        of: fn(&RateLimiterReading) -> Option<DurationsReading>,
    ) -> Vec<NamedReading<DurationsReading>> {
        let all = self.all();
        let durations = all.iter().filter_map(|limiter| {
            let reading = limiter.reading();
            Some(NamedReading {
                instance: reading.instance,
                name: limiter.name().into(),
                values: of(&reading)?,
            })
        });
        durations.collect()
    }
}

//! What metrics have of the retries of one name: calls whose first attempt succeeded, since only those
//! with a failed attempt emit an event, and how long calls took, where they are timed.

use crate::{
    named_counts::{CountsOfProcess, NamedCounts, NamedDurations, NamedReading},
    per_thread::{Counters, Durations, DurationsReading},
    time::saturating_nanos,
};
use std::{sync::Arc, time::Duration};

#[derive(Debug, Default)]
struct FirstSuccesses(Counters<1>);

#[derive(Debug, Default)]
struct CallDurations(Durations);

impl AsRef<Durations> for CallDurations {
    fn as_ref(&self) -> &Durations {
        &self.0
    }
}

static FIRST_SUCCESSES: CountsOfProcess<FirstSuccesses> = CountsOfProcess::new();
/// Of retries that are timed.
static DURATIONS: CountsOfProcess<CallDurations> = CountsOfProcess::new();

/// The counts of the retries of one name.
#[derive(Clone, Debug)]
pub(super) struct RetryCounts {
    first_successes: Arc<NamedCounts<FirstSuccesses>>,
    durations: NamedDurations<CallDurations>,
}

impl RetryCounts {
    pub(super) fn new(name: &str, is_timed: bool) -> Self {
        Self {
            first_successes: NamedCounts::register(&FIRST_SUCCESSES, name),
            durations: NamedDurations::new(&DURATIONS, name, is_timed),
        }
    }

    /// Makes room for durations.
    #[cfg(feature = "config")]
    pub(super) fn time(&self, name: &str) {
        self.durations.make(&DURATIONS, name);
    }

    /// Counts a call whose first attempt succeeded.
    #[inline]
    pub(super) fn add_first_success(&self) {
        self.first_successes
            .count(&FIRST_SUCCESSES, |FirstSuccesses(count)| count.add(0));
    }

    /// Counts how long a call took.
    pub(super) fn record(&self, took: Duration) {
        self.durations.record(&DURATIONS, saturating_nanos(took));
    }
}

/// Reads how many calls succeeded at the first attempt, without a lock that a call waits for.
pub(crate) fn first_successes() -> Vec<NamedReading<u64>> {
    NamedCounts::read_all(&FIRST_SUCCESSES, |FirstSuccesses(count)| count.sum(0))
}

/// Reads how long calls took where they are timed, without a lock that a call waits for.
pub(crate) fn durations() -> Vec<NamedReading<DurationsReading>> {
    NamedDurations::read_all(&DURATIONS)
}

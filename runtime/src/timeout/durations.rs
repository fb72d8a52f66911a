//! How long calls took under timeouts, for metrics: those of one name are one.

use crate::{
    named_counts::{CountsOfProcess, NamedDurations, NamedReading},
    per_thread::{Durations, DurationsReading},
};

#[derive(Debug, Default)]
struct CallDurations(Durations);

impl AsRef<Durations> for CallDurations {
    fn as_ref(&self) -> &Durations {
        &self.0
    }
}

/// Of timeouts that are timed.
static DURATIONS: CountsOfProcess<CallDurations> = CountsOfProcess::new();

/// The durations of the timeouts of one name.
#[derive(Debug)]
pub(super) struct TimeoutDurations(NamedDurations<CallDurations>);

impl TimeoutDurations {
    pub(super) fn new(name: &str, is_timed: bool) -> Self {
        Self(NamedDurations::new(&DURATIONS, name, is_timed))
    }

    /// Makes room for durations.
    #[cfg(feature = "config")]
    pub(super) fn make(&self, name: &str) {
        self.0.make(&DURATIONS, name);
    }

    /// Counts how long a call took.
    #[inline(never)]
    pub(super) fn record(&self, nanos: u64) {
        self.0.record(&DURATIONS, nanos);
    }
}

/// Reads how long calls took where they are timed, without a lock that a call waits for.
pub(crate) fn durations() -> Vec<NamedReading<DurationsReading>> {
    NamedDurations::read_all(&DURATIONS)
}

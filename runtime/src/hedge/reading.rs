//! What a scrape reads of the hedges of one name.

use crate::{
    named_counts::{CountsOfProcess, NamedCounts, NamedReading},
    per_thread::{Counters, Durations, DurationsReading},
    time::saturating_nanos,
};
use std::{sync::Arc, time::Duration};

#[derive(Debug, Default)]
struct Attempts(Counters<3>);

#[derive(Debug, Default)]
struct AttemptDurations(Durations);

static ATTEMPTS: CountsOfProcess<Attempts> = CountsOfProcess::new();
/// Of hedges that measure their attempts.
static DURATIONS: CountsOfProcess<AttemptDurations> = CountsOfProcess::new();

/// What the hedges of one name did.
#[derive(Clone, Debug)]
pub(super) struct OfName {
    attempts: Arc<NamedCounts<Attempts>>,
    durations: Option<Arc<NamedCounts<AttemptDurations>>>,
}

impl OfName {
    pub(super) fn new(name: &str, is_timed: bool) -> Self {
        Self {
            attempts: NamedCounts::register(&ATTEMPTS, name),
            durations: is_timed.then(|| NamedCounts::register(&DURATIONS, name)),
        }
    }

    pub(super) fn add(&self, which: usize) {
        self.attempts
            .count(&ATTEMPTS, |Attempts(counts)| counts.add(which));
    }

    pub(super) fn record(&self, took: Duration) {
        if let Some(of_name) = &self.durations {
            of_name.count(&DURATIONS, |AttemptDurations(durations)| {
                durations.record(saturating_nanos(took));
            });
        }
    }
}

/// Reads the attempts after the first that were started, that succeeded first, and that the budget
/// refused, without a lock that a call waits for.
pub(crate) fn readings() -> Vec<NamedReading<[u64; 3]>> {
    NamedCounts::read_all(&ATTEMPTS, |Attempts(counts)| {
        [0, 1, 2].map(|which| counts.sum(which))
    })
}

/// Reads how long attempts took where they are measured, without a lock that a call waits for.
pub(crate) fn durations() -> Vec<NamedReading<DurationsReading>> {
    NamedCounts::read_all(&DURATIONS, |AttemptDurations(durations)| durations.read())
}

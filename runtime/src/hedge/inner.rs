//! Contents of a hedge, which all its clones share.

use super::{
    config::{HedgeConfig, HedgeDelay},
    latencies::Latencies,
    reading::OfName,
};
use crate::{
    budget::Payer,
    event::GuardName,
    revised::Revised,
    time::{SharedClock, Tick},
};
use std::{
    borrow::Cow,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// The contents of a [`Hedge`](super::Hedge).
#[derive(Debug)]
pub(crate) struct HedgeInner {
    pub(super) name: GuardName<Cow<'static, str>>,
    pub(super) terms: Revised<HedgeTerms>,
    pub(super) budget: Payer,
    pub(super) clock: SharedClock,
    pub(super) counts: Counts,
}

/// What a hedge did, and those of its name.
#[derive(Debug)]
pub(super) struct Counts {
    /// Attempts after the first; those of them that succeeded first; those that the budget refused.
    /// Relaxed: nothing is decided by them.
    own: [AtomicU64; 3],
    of_name: OfName,
}

impl Counts {
    pub(super) fn new(name: &str, is_timed: bool) -> Self {
        Self {
            own: Default::default(),
            of_name: OfName::new(name, is_timed),
        }
    }

    /// Counts how long an attempt took, or was let run.
    fn record(&self, took: Duration) {
        self.of_name.record(took);
    }

    fn add(&self, which: usize) {
        self.own[which].fetch_add(1, Relaxed);
        self.of_name.add(which);
    }

    pub(super) fn add_started(&self) {
        self.add(0);
    }

    pub(super) fn add_won(&self) {
        self.add(1);
    }

    pub(super) fn add_refused(&self) {
        self.add(2);
    }

    /// Returns the attempts that were started, that won and that were refused.
    pub(super) fn read(&self) -> [u64; 3] {
        [0, 1, 2].map(|which| self.own[which].load(Relaxed))
    }
}

/// What changes together.
#[derive(Debug)]
pub(super) struct HedgeTerms {
    pub(super) config: HedgeConfig,
    /// The latencies whose quantile is the delay, if it is one.
    latencies: Option<Latencies>,
}

impl HedgeTerms {
    pub(super) fn new(config: HedgeConfig) -> Self {
        let latencies = match config.delay {
            HedgeDelay::Quantile(quantile) => Some(Latencies::new(quantile)),
            HedgeDelay::After(_) => None,
        };
        Self { config, latencies }
    }
}

impl HedgeInner {
    #[inline]
    pub(super) fn config(&self) -> &HedgeConfig {
        &self.terms.get().config
    }

    /// Returns the present tick, where attempts are measured.
    pub(super) fn measured_now(&self) -> Option<Tick> {
        (self.terms.get().latencies.as_ref()).map(|_| self.clock.or_current().now())
    }

    /// Returns the delay of a call that begins at `now`, if it is known.
    pub(super) fn delay_at(&self, now: Option<Tick>) -> Option<Duration> {
        let terms = self.terms.get();
        match (terms.config.delay, &terms.latencies, now) {
            (HedgeDelay::After(after), ..) => Some(after),
            (_, Some(latencies), Some(now)) => latencies.delay_at(now),
            _ => None,
        }
    }

    /// Records how long an attempt took, or was let run.
    pub(super) fn record(&self, began: Option<Tick>, now: Option<Tick>) {
        if let (Some(latencies), Some(began), Some(now)) = (&self.terms.get().latencies, began, now)
        {
            let took = now.since(began);
            latencies.record_at(now, took);
            self.counts.record(took);
        }
    }
}

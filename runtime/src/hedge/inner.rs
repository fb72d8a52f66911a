//! Contents of a hedge, which all its clones share.

use super::{
    config::{HedgeConfig, HedgeDelay},
    latencies::Latencies,
};
use crate::{
    budget::Payer,
    event::GuardName,
    time::{SharedClock, Tick},
};
use std::{
    borrow::Cow,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// The contents of a [`Hedge`](super::Hedge).
#[derive(Debug)]
pub(super) struct HedgeInner {
    pub(super) name: GuardName<Cow<'static, str>>,
    pub(super) config: HedgeConfig,
    pub(super) budget: Payer,
    pub(super) clock: SharedClock,
    /// Measured where the delay is a quantile.
    pub(super) latencies: Option<Latencies>,
    pub(super) counts: Counts,
}

/// What hedges did. Relaxed: nothing is decided by them.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Attempts after the first.
    started: AtomicU64,
    /// Those of them that succeeded first.
    won: AtomicU64,
    /// Those that the budget refused.
    refused: AtomicU64,
}

impl Counts {
    pub(super) fn add_started(&self) {
        self.started.fetch_add(1, Relaxed);
    }

    pub(super) fn add_won(&self) {
        self.won.fetch_add(1, Relaxed);
    }

    pub(super) fn add_refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// Returns the attempts that were started, that won and that were refused.
    pub(super) fn read(&self) -> [u64; 3] {
        [&self.started, &self.won, &self.refused].map(|count| count.load(Relaxed))
    }
}

impl HedgeInner {
    /// Returns the present tick, where attempts are measured.
    pub(super) fn measured_now(&self) -> Option<Tick> {
        (self.latencies.as_ref()).map(|_| self.clock.or_current().now())
    }

    /// Returns the delay of a call that begins at `now`, if it is known.
    pub(super) fn delay_at(&self, now: Option<Tick>) -> Option<Duration> {
        match (self.config.delay, &self.latencies, now) {
            (HedgeDelay::After(after), ..) => Some(after),
            (_, Some(latencies), Some(now)) => latencies.delay_at(now),
            _ => None,
        }
    }

    /// Records how long an attempt took, or was let run.
    pub(super) fn record(&self, began: Option<Tick>, now: Option<Tick>) {
        if let (Some(latencies), Some(began), Some(now)) = (&self.latencies, began, now) {
            latencies.record_at(now, now.since(began));
        }
    }
}

//! What an instance knows of its store: whether it answers, and when to try again.

use crate::{rng::Rng, time::Tick};
use std::time::Duration;

/// The state of the connection to a store, pure.
#[derive(Clone, Debug)]
pub(super) struct StoreState {
    /// When the store counts as lost, unless it answers before: never as long as it was not asked.
    lost_from: Tick,
    /// Failures in a row.
    failures: u32,
    retry_at: Tick,
    rng: Rng,
}

/// A store that has not answered for so long is lost.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

impl StoreState {
    pub(super) fn new(rng: Rng) -> Self {
        Self {
            lost_from: Tick::MAX,
            failures: 0,
            retry_at: Tick::ZERO,
            rng,
        }
    }

    pub(super) fn lost_from(&self) -> Tick {
        self.lost_from
    }

    pub(super) fn is_lost_at(&self, now: Tick) -> bool {
        now >= self.lost_from
    }

    /// Returns when operations may be sent.
    pub(super) fn retry_at(&self) -> Tick {
        self.retry_at
    }

    /// Notes that operations are sent.
    pub(super) fn sent_at(&mut self, now: Tick) {
        self.lost_from = self.lost_from.min(now.after(PATIENCE));
    }

    pub(super) fn answered(&mut self) {
        (self.failures, self.lost_from, self.retry_at) = (0, Tick::MAX, Tick::ZERO);
    }

    /// Notes a failure. The wait doubles, and its second half is random, so that a fleet does not return to its store
    /// all at once.
    pub(super) fn failed_at(&mut self, now: Tick) {
        let doubled = FIRST_WAIT.saturating_mul(1 << self.failures.min(10));
        let wait = doubled.min(LONGEST_WAIT);
        self.failures = self.failures.saturating_add(1);
        self.retry_at = now.after(wait.mul_f64(0.5 + 0.5 * self.rng.next_fraction()));
    }
}

//! A limit that adapts: what it counts, and how it changes while calls run.

use super::{
    aimd::{Aimd, Signal},
    config::BulkheadConfig,
    inner::Inner,
    state_word::StateWord,
};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use std::sync::atomic::AtomicU64 as UntrackedU64;

/// The state of an adaptive limit, which itself is in the word.
#[derive(Debug)]
pub(super) struct Adaptive {
    /// The bounds in one word, see [`Aimd::pack`]; written under the lock. Relaxed where a call only asks
    /// whether there are any: a change of the limit asks again under the lock.
    /// Untracked by loom: they change by a configuration alone, which no model has.
    bounds: UntrackedU64,
    /// Successes that count, since the limit last changed.
    successes: AtomicU64,
    /// How often the limit was lowered. A call lowers it only if it was admitted in the present
    /// round; written under the lock.
    round: AtomicU32,
}

impl Adaptive {
    pub(super) fn new(config: &BulkheadConfig) -> Self {
        Self {
            bounds: UntrackedU64::new(Aimd::pack(Aimd::of(config))),
            successes: AtomicU64::new(0),
            round: AtomicU32::new(0),
        }
    }

    /// Returns the bounds in which the limit adapts, if it does.
    #[inline]
    fn bounds(&self) -> Option<Aimd> {
        Aimd::unpack(self.bounds.load(Ordering::Relaxed))
    }
}

impl Inner {
    #[inline]
    pub(super) fn is_adaptive(&self) -> bool {
        self.adaptive.bounds().is_some()
    }

    /// Returns the round of the adaptive limit in which a call is admitted.
    #[inline]
    pub(super) fn round(&self) -> u32 {
        // Relaxed: a call that is admitted under a limit that was lowered sees the round through the
        // word; where the limit was the lowest already, an old round costs one sign of overload that
        // changes nothing.
        if self.is_adaptive() {
            self.adaptive.round.load(Ordering::Relaxed)
        } else {
            0
        }
    }

    /// Adapts the limit to the end of a call that was admitted in `round` and has its slot still.
    #[inline]
    pub(super) fn learn(&self, round: u32, signal: Signal) {
        if let Some(bounds) = self.adaptive.bounds() {
            match signal {
                Signal::Success => self.count_success(bounds),
                Signal::Overload => self.lower(round),
                Signal::Neutral => {}
            }
        }
    }

    fn count_success(&self, bounds: Aimd) {
        let is_utilised = |word: StateWord| bounds.is_utilised(word.in_flight(), word.limit());
        let mut word = self.raw_word();
        if is_utilised(word) && word.is_keeping() {
            word = self.word();
        }
        if !is_utilised(word) {
            return;
        }
        // Relaxed: the number orders nothing; what it leads to is decided under the lock.
        let successes = self.adaptive.successes.fetch_add(1, Ordering::Relaxed) + 1;
        if bounds.raised(word.limit(), successes).is_some() {
            self.raise();
        }
    }

    #[cold]
    fn raise(&self) {
        let mut locked = self.locked.lock();
        let limit = self.raw_word().limit();
        let successes = self.adaptive.successes.load(Ordering::Relaxed);
        // Again, under the lock: another thread may have raised or lowered it meanwhile, or changed
        // the bounds.
        let bounds = self.adaptive.bounds();
        let Some(raised) = bounds.and_then(|bounds| bounds.raised(limit, successes)) else {
            return;
        };
        self.adaptive.successes.store(0, Ordering::Relaxed);
        self.set_limit_locked(&mut locked, raised);
        drop(locked);
        self.hand_on();
    }

    #[cold]
    fn lower(&self, round: u32) {
        let adaptive = &self.adaptive;
        let mut locked = self.locked.lock();
        let Some(bounds) = adaptive.bounds() else {
            return;
        };
        if adaptive.round.load(Ordering::Relaxed) != round {
            return;
        }
        adaptive
            .round
            .store(round.wrapping_add(1), Ordering::Relaxed);
        adaptive.successes.store(0, Ordering::Relaxed);
        let limit = self.raw_word().limit();
        self.set_limit_locked(&mut locked, bounds.lowered(limit));
    }

    /// Replaces the bounds in which the limit adapts, and the limit where one is given; what is taken
    /// stays taken. [`hand_on`](Self::hand_on) is to follow, without a lock.
    #[cfg(feature = "config")]
    pub(super) fn change_limit(&self, bounds: Option<Aimd>, limit: Option<u32>) {
        let mut locked = self.locked.lock();
        let limit = limit.unwrap_or_else(|| self.raw_word().limit());
        let limit = bounds.map_or(limit, |bounds| limit.min(bounds.max).max(bounds.min));
        let packed = Aimd::pack(bounds);
        self.adaptive.bounds.store(packed, Ordering::Relaxed);
        self.adaptive.successes.store(0, Ordering::Relaxed);
        self.set_limit_locked(&mut locked, limit);
    }
}

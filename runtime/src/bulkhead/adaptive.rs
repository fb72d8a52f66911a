//! A limit that adapts: what it counts, and how it changes while calls run. Also what calls do beyond
//! taking a slot: the limit learns from them, or they are timed.

use super::{
    admission::Admission,
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
    /// Written under the lock. Relaxed where a call only asks what there is to do: a change of the
    /// limit asks again under the lock.
    /// Untracked by loom: it changes by a configuration alone, which no model has.
    extras: UntrackedU64,
    /// Successes that count, since the limit last changed.
    successes: AtomicU64,
    /// How often the limit was lowered. A call lowers it only if it was admitted in the present
    /// round; written under the lock.
    round: AtomicU32,
}

/// What calls do beyond taking a slot, in one word: the bounds in which the limit adapts, see
/// [`Aimd::pack`], and whether calls are timed. Zero where there is nothing.
#[derive(Clone, Copy)]
struct Extras(u64);

/// Calls are timed. The lowest limit, which is above the highest one in the word, needs 20 bits.
const TIMED: u64 = 1 << 63;

impl Extras {
    fn new(bounds: Option<Aimd>, is_timed: bool) -> Self {
        // Where nothing reads the times, none are taken.
        let is_timed = cfg!(feature = "telemetry") && is_timed;
        Self(Aimd::pack(bounds) | if is_timed { TIMED } else { 0 })
    }

    fn of(config: &BulkheadConfig) -> Self {
        Self::new(Aimd::of(config), config.timed)
    }

    #[inline]
    fn bounds(self) -> Option<Aimd> {
        Aimd::unpack(self.0 & !TIMED)
    }

    #[inline]
    fn is_timed(self) -> bool {
        self.0 & TIMED != 0
    }
}

impl Adaptive {
    pub(super) fn new(config: &BulkheadConfig) -> Self {
        let Extras(extras) = Extras::of(config);
        Self {
            extras: UntrackedU64::new(extras),
            successes: AtomicU64::new(0),
            round: AtomicU32::new(0),
        }
    }

    #[inline]
    fn extras(&self) -> Extras {
        Extras(self.extras.load(Ordering::Relaxed))
    }

    /// Returns the bounds in which the limit adapts, if it does.
    #[inline]
    fn bounds(&self) -> Option<Aimd> {
        self.extras().bounds()
    }
}

impl Inner {
    #[inline]
    pub(super) fn is_adaptive(&self) -> bool {
        self.adaptive.bounds().is_some()
    }

    /// Returns what a call that is admitted keeps, without its start, and whether it is timed.
    #[inline]
    pub(super) fn admission(&self) -> (Admission, bool) {
        let extras = self.adaptive.extras();
        if extras.0 == 0 {
            return (Admission::PLAIN, false);
        }
        // Relaxed: a call that is admitted under a limit that was lowered sees the round through the
        // word; where the limit was the lowest already, an old round costs one sign of overload that
        // changes nothing.
        let round = self.adaptive.round.load(Ordering::Relaxed);
        (Admission::in_round(round), extras.is_timed())
    }

    /// Returns `true` if calls that begin now are timed.
    pub(super) fn is_timed(&self) -> bool {
        self.adaptive.extras().is_timed()
    }

    /// Adapts the limit to the end of a call that has its slot still.
    #[inline]
    pub(super) fn learn(&self, admission: Admission, signal: Signal) {
        if let Some(bounds) = self.adaptive.bounds() {
            match signal {
                Signal::Success => self.count_success(bounds),
                Signal::Overload => self.lower(admission),
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
    fn lower(&self, admission: Admission) {
        let adaptive = &self.adaptive;
        let mut locked = self.locked.lock();
        let Some(bounds) = adaptive.bounds() else {
            return;
        };
        let round = adaptive.round.load(Ordering::Relaxed);
        if !admission.is_of_round(round) {
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
        self.store_extras(Extras::new(bounds, self.is_timed()));
        self.adaptive.successes.store(0, Ordering::Relaxed);
        self.set_limit_locked(&mut locked, limit);
    }

    /// Sets whether calls are timed; those that run stay what they are.
    #[cfg(feature = "config")]
    pub(super) fn time_calls(&self, is_timed: bool) {
        let _locked = self.locked.lock();
        self.store_extras(Extras::new(self.adaptive.bounds(), is_timed));
    }

    /// Under the lock.
    #[cfg(feature = "config")]
    fn store_extras(&self, Extras(extras): Extras) {
        self.adaptive.extras.store(extras, Ordering::Relaxed);
    }
}

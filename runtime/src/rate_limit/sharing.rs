//! Limiters that share their rate with those of the same name in other processes: the permits that a fleet has given to one,
//! and what the fleet reads and changes.
//!
//! The fleet itself is above the policies, and known here as a [`LimiterLink`]. A limiter that follows its fleet grants
//! nothing by its own rate: its terms are [`CLOSED`], so that each check comes to the slow path, which takes from the permits
//! that are held. A limiter without a fleet has nothing of this on its fast path.

use super::{
    handle::RateLimiter,
    inner::Inner,
    state::{Quota, Refusal},
    terms::Terms,
};
use crate::{
    error::ConfigError,
    store_loss::StoreLoss,
    sync::{AtomicU32, AtomicU64, Ordering, global::Mutex},
    time::Tick,
};
use std::{
    process, ptr,
    sync::{Arc, Weak},
    time::Duration,
};

/// A fleet, as its limiters know it.
pub(crate) trait LimiterLink: Send + Sync {
    /// Lets the fleet look at its limiters at once. Called without a lock.
    fn wake(&self);

    /// Returns `true` if the fleet does not look at its limiters: each decides alone.
    fn is_alone(&self) -> bool;
}

/// What a limiter has from its fleet.
pub(super) struct Allotment {
    /// The permits that it holds, and until when they may be used: in milliseconds, above the lowest [`COUNT_BITS`] bits.
    held: AtomicU64,
    /// With so many permits or fewer the fleet is to be woken, if it is armed: then once.
    low: AtomicU64,
    is_armed: AtomicU32,
    /// Permits that calls did not get since the last look.
    missed: AtomicU64,
    /// When there may be further permits.
    retry_at: AtomicU64,
    /// An encoded [`Terms`]. Written with the settings of the word locked.
    terms: AtomicU64,
    /// Whether there was no call lately.
    is_quiet: AtomicU32,
    /// The process whose fleet it is; one that was forked from it has no threads of the fleet.
    process: AtomicU32,
    /// How many instances share the rate, as far as is known.
    instances: AtomicU32,
    link: Mutex<Option<Arc<dyn LimiterLink>>>,
}

/// Bits for the number of permits.
const COUNT_BITS: u32 = 24;
const MOST_HELD: u64 = (1 << COUNT_BITS) - 1;

/// For how long an instance uses permits without another answer of the store.
pub(crate) const USE_TIME: Duration = Duration::from_secs(10);

/// Permits that are usable for longer come from an answer of the last two seconds: the fleet is there.
const RECENT: Duration = Duration::from_secs(8);

/// A rejection suggests no shorter wait: the next answer of the store may come earlier or later.
const ASKED: u64 = 100_000_000;

fn encode(until: Tick, permits: u64) -> u64 {
    let millis = (until.as_nanos() / 1_000_000).min(u64::MAX >> COUNT_BITS);
    millis << COUNT_BITS | permits.min(MOST_HELD)
}

/// Returns the permits of a state, and whether they may be used.
fn decode_at(now: Tick, state: u64) -> (u64, bool) {
    (
        state & MOST_HELD,
        state >> COUNT_BITS > now.as_nanos() / 1_000_000,
    )
}

impl Allotment {
    fn new() -> Self {
        Self {
            held: AtomicU64::new(0),
            low: AtomicU64::new(0),
            is_armed: AtomicU32::new(0),
            missed: AtomicU64::new(0),
            retry_at: AtomicU64::new(0),
            terms: AtomicU64::new(Terms::Share(1).encode()),
            is_quiet: AtomicU32::new(1),
            process: AtomicU32::new(process::id()),
            instances: AtomicU32::new(1),
            link: Mutex::new(None),
        }
    }

    pub(super) fn terms(&self) -> Terms {
        // Relaxed: whoever decides by it makes a change of the word, or reads it again.
        Terms::decode(self.terms.load(Ordering::Relaxed))
    }

    /// Changes the permits as long as `change` returns others; returns those before, if they may be used, and the others.
    fn change_at(
        &self,
        now: Tick,
        mut change: impl FnMut(u64) -> Option<u64>,
    ) -> Result<(u64, u64), u64> {
        // Acquire and Release: who takes a permit sees whatever was done before it was added.
        let mut state = self.held.load(Ordering::Acquire);
        loop {
            let (before, is_valid) = decode_at(now, state);
            let Some(after) = change(if is_valid { before } else { 0 }) else {
                return Err(before);
            };
            let new = state & !MOST_HELD | after;
            match self
                .held
                .compare_exchange_weak(state, new, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Ok((before, after)),
                Err(actual) => state = actual,
            }
        }
    }

    fn wake(&self) {
        // Relaxed: a look that begins meanwhile sees the change, or arms it and looks again.
        if self.is_armed.load(Ordering::Relaxed) == 0
            || self.is_armed.swap(0, Ordering::AcqRel) == 0
        {
            return;
        }
        let link = self.link.lock().clone();
        if let Some(link) = link {
            link.wake();
        }
    }
}

/// A limiter as its fleet sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalLimit {
    /// The permits that were not used.
    pub(crate) left: u64,
    /// Those of them that may be used.
    pub(crate) held: u64,
    /// Permits that calls did not get since the last look.
    pub(crate) missed: u64,
    pub(crate) interval: Duration,
    pub(crate) burst: u32,
}

impl Inner {
    /// Returns what the fleet has given, if the limiter decides by that.
    pub(super) fn following(&self) -> Option<&Allotment> {
        let allotment = self.allotment.get()?;
        (allotment.terms() == Terms::Held).then_some(allotment)
    }

    /// Takes permits that the limiter holds; `None` where it decides by its own rate.
    #[cold]
    #[inline(never)]
    pub(super) fn take_held(&self, now: Tick, weight: u32) -> Option<Result<(), Refusal>> {
        let allotment = self.following()?;
        let weight = u64::from(weight);
        let taken = allotment.change_at(now, |permits| permits.checked_sub(weight));
        if let Ok((_, left)) = taken {
            if left <= allotment.low.load(Ordering::Relaxed) {
                allotment.wake();
            }
            return Some(Ok(()));
        }
        if self.decides_alone_at(now, allotment) {
            let weight = u32::try_from(weight).unwrap_or(u32::MAX);
            let taken = self.word.take(now, || self.clock.now(), weight, 0);
            return Some(taken.map(|_| ()));
        }
        allotment.missed.fetch_add(weight, Ordering::Relaxed);
        allotment.wake();
        let is_possible = weight <= u64::from(self.config().burst).min(MOST_HELD);
        let retry_at = allotment.retry_at.load(Ordering::Relaxed);
        Some(Err(Refusal {
            retry_after: is_possible.then(|| retry_at.saturating_sub(now.as_nanos()).max(ASKED)),
        }))
    }

    /// Lets a limiter decide without its fleet where that brings no further permits; `false` if it rejects.
    #[cold]
    fn decides_alone_at(&self, now: Tick, allotment: &Allotment) -> bool {
        let terms = if allotment.process.load(Ordering::Relaxed) == process::id() {
            let until = allotment.held.load(Ordering::Acquire) >> COUNT_BITS;
            if until > now.after(RECENT).as_nanos() / 1_000_000 {
                return false;
            }
            let link = allotment.link.lock().clone();
            match link {
                Some(link) if !link.is_alone() => {
                    // A fleet that does not look after this counts as one that hangs.
                    link.wake();
                    return false;
                }
                _ => self.terms_without_fleet(),
            }
        } else {
            // Forked: no thread of the fleet brings others. Its locks may be held by threads that are not there.
            Terms::Share(allotment.instances.load(Ordering::Relaxed))
        };
        self.set_terms_at(now, terms);
        terms != Terms::Held
    }

    /// Returns by what the limiter decides while its store does not answer.
    pub(crate) fn terms_without_fleet(&self) -> Terms {
        match self.config().on_store_loss {
            StoreLoss::Open => Terms::Held,
            StoreLoss::Closed => Terms::Unlimited,
            _ => {
                let instances = (self.allotment.get())
                    .map_or(1, |allotment| allotment.instances.load(Ordering::Relaxed));
                Terms::Share(instances)
            }
        }
    }

    /// Returns `true` if the limiter decides by the permits that it holds.
    pub(crate) fn follows(&self) -> bool {
        self.following().is_some()
    }

    /// Returns the permits that the limiter holds, and after which time there may be one; `None` where it decides by its
    /// own rate.
    pub(super) fn held_at(&self, now: Tick) -> Option<(u32, u64)> {
        let allotment = self.following()?;
        let (permits, is_valid) = decode_at(now, allotment.held.load(Ordering::Acquire));
        if is_valid && permits > 0 {
            return Some((u32::try_from(permits).unwrap_or(u32::MAX), 0));
        }
        let retry_at = allotment.retry_at.load(Ordering::Relaxed);
        Some((0, retry_at.saturating_sub(now.as_nanos()).max(ASKED)))
    }

    /// Takes all permits that the limiter holds; `None` where it decides by its own rate.
    pub(super) fn drain_held(&self, now: Tick) -> Option<u32> {
        let allotment = self.following()?;
        let (before, _) = decode_at(now, allotment.held.load(Ordering::Acquire));
        let drained = allotment.change_at(now, |_| Some(0));
        let permits = drained.map_or(before, |(before, _)| before);
        Some(u32::try_from(permits).unwrap_or(u32::MAX))
    }

    /// Returns `true` if the limiter follows its fleet and had no call lately; `None` where it decides by its own rate.
    pub(super) fn is_quiet(&self) -> Option<bool> {
        let allotment = self.following()?;
        Some(allotment.is_quiet.load(Ordering::Relaxed) != 0)
    }

    /// Returns what the word grants where the settings grant this.
    pub(super) fn in_effect(&self, quota: Quota) -> Quota {
        match self.allotment.get() {
            Some(allotment) => allotment.terms().apply(quota),
            None => quota,
        }
    }

    fn set_terms_at(&self, now: Tick, terms: Terms) {
        let Some(allotment) = self.allotment.get() else {
            return;
        };
        let max_wait = *self.max_wait.get();
        let changed = self.word.change_at(now, |settings| {
            let quota = settings.config(max_wait, false).quota()?;
            // Relaxed: the lock of the settings orders it.
            allotment.terms.store(terms.encode(), Ordering::Relaxed);
            Ok::<_, Vec<ConfigError>>(terms.apply(quota))
        });
        debug_assert!(changed.is_ok(), "settings that were checked");
    }

    /// Connects the limiter with a fleet, in place of the one before. It decides by its own rate until the fleet changes
    /// that.
    pub(crate) fn join_fleet(&self, link: &Arc<dyn LimiterLink>) {
        let allotment = self.allotment.get_or_init(|| Box::new(Allotment::new()));
        allotment.process.store(process::id(), Ordering::Relaxed);
        let now = self.clock.now();
        {
            let mut known = allotment.link.lock();
            *known = Some(Arc::clone(link));
            self.drop_held();
            self.set_terms_at(now, Terms::Share(1));
        }
        link.wake();
    }

    /// Ends the membership in a fleet: the limiter decides by its own share.
    pub(crate) fn leave_fleet(&self, link: &dyn LimiterLink) {
        let Some(allotment) = self.allotment.get() else {
            return;
        };
        let now = self.clock.now();
        // Under the lock, so that it ends no membership in another fleet.
        let mut known = allotment.link.lock();
        if is_link(known.as_ref(), link) {
            *known = None;
            self.drop_held();
            self.set_terms_at(
                now,
                Terms::Share(allotment.instances.load(Ordering::Relaxed)),
            );
        }
    }

    /// Returns `true` if the limiter is in the fleet of a link: it may have joined another one since.
    pub(crate) fn is_in_fleet_of(&self, link: &dyn LimiterLink) -> bool {
        let allotment = self.allotment.get();
        allotment.is_some_and(|allotment| is_link(allotment.link.lock().as_ref(), link))
    }

    /// Makes a change if the limiter is in the fleet of a link, which it does not leave meanwhile.
    pub(crate) fn change_in_fleet_of<R>(
        &self,
        link: &dyn LimiterLink,
        change: impl FnOnce() -> R,
    ) -> Option<R> {
        let known = self.allotment.get()?.link.lock();
        is_link(known.as_ref(), link).then(change)
    }

    /// Returns the present tick of the limiter's clock.
    pub(crate) fn tick(&self) -> Tick {
        self.clock.now()
    }

    /// Reads the limiter. Permits that may not be used any longer are dropped.
    pub(crate) fn look(&self) -> LocalLimit {
        let now = self.clock.now();
        let (settings, quota) = self.word.settings(|settings| {
            let config = settings.config(Duration::ZERO, false);
            (config, config.quota().ok())
        });
        let interval = quota.map_or(u64::MAX, |quota| quota.interval);
        let allotment = self.allotment.get();
        let changed = allotment.map(|allotment| allotment.change_at(now, Some));
        let (left, held) = changed.and_then(Result::ok).unwrap_or_default();
        LocalLimit {
            left,
            held,
            missed: allotment.map_or(0, |it| it.missed.swap(0, Ordering::Relaxed)),
            interval: Duration::from_nanos(interval),
            burst: settings.burst,
        }
    }

    /// Returns the burst.
    pub(crate) fn look_at_burst(&self) -> u32 {
        self.config().burst
    }

    /// Wakes the fleet once when the limiter has so many permits or fewer, or has none for a call.
    pub(crate) fn arm(&self, low: u64) {
        if let Some(allotment) = self.allotment.get() {
            allotment.low.store(low, Ordering::Relaxed);
            allotment.is_armed.store(1, Ordering::Release);
        }
    }

    pub(crate) fn disarm(&self) {
        if let Some(allotment) = self.allotment.get() {
            allotment.is_armed.store(0, Ordering::Relaxed);
        }
    }

    /// Notes whether there were no calls lately.
    pub(crate) fn set_quiet(&self, is_quiet: bool) {
        if let Some(allotment) = self.allotment.get() {
            allotment
                .is_quiet
                .store(u32::from(is_quiet), Ordering::Relaxed);
        }
    }

    /// Returns how many permits the limiter holds.
    pub(crate) fn held(&self) -> u64 {
        let state = self
            .allotment
            .get()
            .map(|it| it.held.load(Ordering::Acquire));
        state.unwrap_or_default() & MOST_HELD
    }

    /// Gives up what the limiter holds beyond so many permits; returns how many it had before.
    pub(crate) fn trim_at(&self, now: Tick, permits: u64) -> u64 {
        let changed = (self.allotment.get())
            .map(|allotment| allotment.change_at(now, |held| Some(held.min(permits))));
        changed.and_then(Result::ok).unwrap_or_default().0
    }

    /// Gives up all permits; returns how many those were.
    pub(crate) fn drop_held(&self) -> u64 {
        match self.allotment.get() {
            Some(allotment) => allotment.held.swap(0, Ordering::AcqRel) & MOST_HELD,
            None => 0,
        }
    }

    /// Adds permits, and sets until when all may be used; others come after `next`, as an estimate. Returns how many had
    /// room.
    pub(crate) fn add_held_at(&self, now: Tick, granted: u64, until: Tick, next: Duration) -> u64 {
        let Some(allotment) = self.allotment.get() else {
            return 0;
        };
        allotment
            .retry_at
            .store(now.after(next).as_nanos(), Ordering::Relaxed);
        let mut state = allotment.held.load(Ordering::Acquire);
        loop {
            let before = state & MOST_HELD;
            let added = granted.min(MOST_HELD - before);
            match allotment.held.compare_exchange_weak(
                state,
                encode(until, before + added),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return added,
                Err(actual) => state = actual,
            }
        }
    }

    /// Lets the limiter decide by what it holds, which is nothing yet. Returns how many permits it used by its own rate
    /// that have not come back.
    pub(crate) fn follow_fleet_at(&self, now: Tick) -> u64 {
        let debt = self.debt_at(now);
        self.set_terms_at(now, Terms::Held);
        debt
    }

    /// Lets the limiter decide without its fleet; returns how many permits it gave up.
    pub(crate) fn decide_without_fleet_at(&self, now: Tick, terms: Terms) -> u64 {
        let dropped = self.drop_held();
        self.set_terms_at(now, terms);
        dropped
    }

    /// Returns how many permits a limiter that decides by its own rate has used that have not come back.
    pub(crate) fn debt_at(&self, now: Tick) -> u64 {
        let Some(Terms::Share(instances)) = self.allotment.get().map(|it| it.terms()) else {
            return 0;
        };
        let (available, _) = self.word.available_at(now);
        let burst = (self.config().burst / instances.max(1)).max(1);
        u64::from(burst.saturating_sub(available))
    }

    /// Notes how many instances share the rate.
    pub(crate) fn set_instances(&self, instances: u32) {
        if let Some(allotment) = self.allotment.get() {
            allotment
                .instances
                .store(instances.max(1), Ordering::Relaxed);
        }
    }

    pub(crate) fn limiter_name(&self) -> &str {
        &self.name
    }
}

fn is_link(known: Option<&Arc<dyn LimiterLink>>, link: &dyn LimiterLink) -> bool {
    known.is_some_and(|known| ptr::addr_eq(Arc::as_ptr(known), link))
}

/// Bounds how many permits an instance asks for.
pub(crate) const MOST_PERMITS: u64 = MOST_HELD;

impl RateLimiter {
    pub(crate) fn from_shared(inner: Arc<Inner>) -> Self {
        Self(inner)
    }

    pub(crate) fn downgrade(&self) -> Weak<Inner> {
        Arc::downgrade(&self.0)
    }
}

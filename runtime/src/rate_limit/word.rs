//! State of one limiter as threads share it: the arrival in one word, and what the limiter grants.
//!
//! A check reads both and takes its permits by one successful compare-and-swap of the arrival: what
//! was checked is what is taken. A refused check writes nothing. What the limiter grants changes
//! rarely; its version is odd while it does (a sequence lock), and every check that overlaps a
//! change begins again.

use super::state::{Grant, Quota, Refusal};
use crate::{
    sync::{AtomicU64, Mutex, Ordering},
    time::Tick,
};
use std::sync::atomic::AtomicBool;

/// The shared state of a limiter.
#[derive(Debug)]
pub(super) struct Word<T> {
    arrival: Arrival,
    terms: Terms,
    /// Held while the terms change; `T` is what they come from.
    settings: Mutex<T>,
}

/// The arrival, on a cache line that nothing else shares: all checks that are granted write it.
#[derive(Debug)]
#[repr(align(64))]
struct Arrival(AtomicU64);

/// What the limiter grants, as the checks read it. Written with the settings locked.
#[derive(Debug)]
#[repr(align(64))]
struct Terms {
    /// Even, and odd during a change.
    version: AtomicU64,
    interval: AtomicU64,
    window: AtomicU64,
    /// How far ahead of the clock the arrival ever was: beyond that, the clock has gone back.
    furthest: AtomicU64,
    /// Whether calls are timed. Decides nothing, and is no part of what the version protects. Here,
    /// because each check reads this line. Untracked by loom: a configuration alone changes it.
    is_timed: AtomicBool,
}

/// A granted request, with what is needed to take it back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    grant: Grant,
    version: u64,
    /// When the clock was read.
    pub(super) now: Tick,
}

impl Taken {
    /// Returns a request that was granted by permits of a fleet: it waits for nothing, and is not taken back.
    #[cfg(feature = "fleet")]
    pub(super) fn at(now: Tick) -> Self {
        let grant = Grant {
            arrival: 0,
            cost: 0,
            wait: 0,
        };
        Self {
            grant,
            // That of no terms.
            version: u64::MAX,
            now,
        }
    }

    /// Returns how long the request must wait, in nanoseconds.
    #[inline]
    pub(super) fn wait(&self) -> u64 {
        self.grant.wait
    }
}

/// The clock's origin among the points in time of an arrival. The points before it (18 minutes) mark
/// changes: whatever was granted lies behind it.
const ORIGIN: u64 = 1 << 40;

/// Returns a tick as a point in the time of arrivals.
#[inline]
fn point(tick: Tick) -> u64 {
    tick.as_nanos().saturating_add(ORIGIN)
}

/// One consistent reading.
struct Reading {
    version: u64,
    quota: Quota,
    arrival: u64,
}

impl<T> Word<T> {
    pub(super) fn new(quota: Quota, settings: T) -> Self {
        Self {
            arrival: Arrival(AtomicU64::new(0)),
            terms: Terms {
                version: AtomicU64::new(0),
                interval: AtomicU64::new(quota.interval),
                window: AtomicU64::new(quota.window),
                furthest: AtomicU64::new(quota.window),
                is_timed: AtomicBool::new(false),
            },
            settings: Mutex::new(settings),
        }
    }

    /// Returns whether calls are timed. Relaxed: nothing else is read by it.
    #[inline]
    pub(super) fn is_timed(&self) -> bool {
        self.terms.is_timed.load(Ordering::Relaxed)
    }

    pub(super) fn time_calls(&self, is_timed: bool) {
        self.terms.is_timed.store(is_timed, Ordering::Relaxed);
    }

    #[inline]
    fn read(&self) -> Reading {
        loop {
            if let Some(reading) = self.try_read() {
                return reading;
            }
            // The terms are changing: until they have.
            drop(self.settings.lock());
        }
    }

    #[inline]
    fn try_read(&self) -> Option<Reading> {
        // Acquire pairs with the Release of the even version: terms of that version or later.
        let version = self.terms.version.load(Ordering::Acquire);
        // Each Acquire pairs with the Release of a change: whoever reads a part of it reads its odd
        // version, or a later one, below.
        let quota = Quota {
            interval: self.terms.interval.load(Ordering::Acquire),
            window: self.terms.window.load(Ordering::Acquire),
        };
        let arrival = self.arrival.0.load(Ordering::Acquire);
        // Relaxed: ordered behind the loads above by their Acquire.
        let is_consistent =
            version.is_multiple_of(2) && self.terms.version.load(Ordering::Relaxed) == version;
        is_consistent.then_some(Reading {
            version,
            quota,
            arrival,
        })
    }

    /// Takes `weight` permits that are there at `now`, by one attempt. Returns `false` if they are
    /// not, or if another thread came between; [`take`](Self::take) tells which.
    ///
    /// Apart from `take`, because most checks are granted by the first attempt: the way to it needs
    /// no register that must be saved.
    #[inline]
    pub(super) fn take_at_once(&self, now: Tick, weight: u32) -> bool {
        let Some(Reading { quota, arrival, .. }) = self.try_read() else {
            return false;
        };
        quota
            .decide_at(arrival, point(now), weight, 0)
            .is_ok_and(|grant| {
                // Release as in `take`.
                self.arrival
                    .0
                    .compare_exchange(arrival, grant.arrival, Ordering::Release, Ordering::Relaxed)
                    .is_ok()
            })
    }

    /// Takes `weight` permits at `now` if it has to wait for at most `longest_wait`. The clock is
    /// read again only where it seems to have gone back.
    #[inline]
    pub(super) fn take(
        &self,
        now: Tick,
        clock: impl Fn() -> Tick,
        weight: u32,
        longest_wait: u64,
    ) -> Result<Taken, Refusal> {
        let mut now = now;
        loop {
            let Reading {
                version,
                quota,
                arrival,
            } = self.read();
            match quota.decide_at(arrival, point(now), weight, longest_wait) {
                Ok(grant) => {
                    if grant.wait != 0 {
                        self.note_ahead(grant.arrival - point(now));
                    }
                    // Release: a thread that reads the new arrival and then the clock reads no
                    // earlier time, and no smaller `furthest`. The order of a check and a change of
                    // the terms is that of their writes to this word.
                    let swap = self.arrival.0.compare_exchange_weak(
                        arrival,
                        grant.arrival,
                        Ordering::Release,
                        Ordering::Relaxed,
                    );
                    if swap.is_ok() {
                        return Ok(Taken {
                            grant,
                            version,
                            now,
                        });
                    }
                }
                Err(refusal) => match self.time_after_going_back(arrival, now, &clock) {
                    Some(earlier) => now = earlier,
                    None => return Err(refusal),
                },
            }
        }
    }

    /// Notes how far ahead of the clock an arrival is going to be.
    #[cold]
    fn note_ahead(&self, ahead: u64) {
        // Relaxed: the Release of the arrival orders it.
        self.terms.furthest.fetch_max(ahead, Ordering::Relaxed);
    }

    /// Makes the limiter full if the clock has gone back, and returns the time then.
    ///
    /// A clock goes back where a test has paused tokio's time on one runtime and the limiter is used
    /// on another one, too: it would refuse until the one time has caught up with the other.
    #[cold]
    #[inline(never)]
    fn time_after_going_back(
        &self,
        arrival: u64,
        now: Tick,
        clock: impl Fn() -> Tick,
    ) -> Option<Tick> {
        // Relaxed: read after the arrival, whose Acquire orders it.
        let is_impossible = |now: Tick| {
            arrival.saturating_sub(point(now)) > self.terms.furthest.load(Ordering::Relaxed)
        };
        if !is_impossible(now) {
            return None;
        }
        // This thread may have been interrupted between its reading of the clock and that of the
        // arrival: only a new reading shows that the clock went back.
        let now = clock();
        if is_impossible(now) {
            // Release as in `take`. If it fails, another thread was first.
            let _ = self.arrival.0.compare_exchange(
                arrival,
                point(now),
                Ordering::Release,
                Ordering::Relaxed,
            );
        }
        Some(now)
    }

    /// Takes a request back that is not going to be used, if no other one came after it; returns
    /// `true` if it did.
    ///
    /// In the middle of a queue the later requests have their times already: a permit that were
    /// given back there would be granted a second time.
    pub(super) fn give_back(&self, taken: &Taken) -> bool {
        // The terms stay meanwhile; under others the arrival means something else.
        let _settings = self.settings.lock();
        // Relaxed: written with the settings locked.
        let is_same = self.terms.version.load(Ordering::Relaxed) == taken.version;
        let Grant { arrival, cost, .. } = taken.grant;
        // Release as in `take`.
        is_same
            && self
                .arrival
                .0
                .compare_exchange(
                    arrival,
                    arrival - cost,
                    Ordering::Release,
                    Ordering::Relaxed,
                )
                .is_ok()
    }

    /// Takes all permits that are available, and returns how many.
    pub(super) fn drain_at(&self, now: Tick) -> u32 {
        loop {
            let Reading { quota, arrival, .. } = self.read();
            let drained = quota.drained_at(arrival, point(now));
            // Release as in `take`.
            let swap = self.arrival.0.compare_exchange_weak(
                arrival,
                drained,
                Ordering::Release,
                Ordering::Relaxed,
            );
            if swap.is_ok() {
                return quota.available_at(arrival, point(now));
            }
        }
    }

    /// Returns how many permits could be taken at once, and after which time one could.
    pub(super) fn available_at(&self, now: Tick) -> (u32, u64) {
        let Reading { quota, arrival, .. } = self.read();
        let available = quota.available_at(arrival, point(now));
        let wait = match quota.decide_at(arrival, point(now), 1, 0) {
            Ok(_) => 0,
            Err(refusal) => refusal.retry_after.unwrap_or(u64::MAX),
        };
        (available, wait)
    }

    /// Returns `true` if all permits were replaced.
    pub(super) fn is_full_at(&self, now: Tick) -> bool {
        // Acquire: later than every grant that this thread knows of.
        self.arrival.0.load(Ordering::Acquire) <= point(now)
    }

    /// Reads what the terms come from.
    pub(super) fn settings<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.settings.lock())
    }

    /// Changes what the limiter grants; `change` sees the settings and returns the new terms, or
    /// leaves everything as it is.
    pub(super) fn change_at<E>(
        &self,
        now: Tick,
        change: impl FnOnce(&mut T) -> Result<Quota, E>,
    ) -> Result<(), E> {
        let mut settings = self.settings.lock();
        let new = change(&mut settings)?;
        // Relaxed: only this thread, which holds the lock, writes the terms.
        let old = Quota {
            interval: self.terms.interval.load(Ordering::Relaxed),
            window: self.terms.window.load(Ordering::Relaxed),
        };
        if new == old {
            return Ok(());
        }
        let version = self.terms.version.load(Ordering::Relaxed);
        // Relaxed: each Release below orders it before what it stores.
        self.terms.version.store(version + 1, Ordering::Relaxed);
        self.terms.interval.store(new.interval, Ordering::Release);
        self.terms.window.store(new.window, Ordering::Release);
        // Each change has a mark of its own, so that a check which was interrupted since before it
        // does not find the arrival that it knows.
        let mark = (version / 2 + 1).min(ORIGIN);
        let mut arrival = self.arrival.0.load(Ordering::Relaxed);
        loop {
            let converted = new.converted_at(old, arrival, point(now), mark);
            let ahead = converted.saturating_sub(point(now)).max(new.window);
            self.terms.furthest.fetch_max(ahead, Ordering::Relaxed);
            match self.arrival.0.compare_exchange_weak(
                arrival,
                converted,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(actual) => arrival = actual,
            }
        }
        // Release pairs with the Acquire in `try_read`.
        self.terms.version.store(version + 2, Ordering::Release);
        Ok(())
    }
}

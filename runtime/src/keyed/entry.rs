//! A guard in the map, and when it was last looked up.

use super::guard::Evictable;
use crate::{
    sync::{
        AtomicU32, AtomicU64,
        Ordering::{self, Relaxed},
        fence,
    },
    time::{SharedClock, Tick},
};
use std::time::Duration;

/// A guard is idle once its key was not looked up for this long.
pub(super) const IDLE_AFTER: Duration = Duration::from_secs(600);

/// So many lookups since the last search for idle guards are dated by the system's clock, which costs
/// about as much as the lookup itself; a key that is looked up more often counts as in use until the
/// next search.
pub(super) const DATED_LOOKUPS: u32 = 16;

/// A guard in the map. One that was removed stays until no lookup can hold it any more.
#[derive(Debug)]
pub(super) struct Entry<G> {
    pub(super) guard: G,
    /// 1 if the guard may be evicted this moment, or was, else 0. See [`take`](Self::take).
    leaves: AtomicU32,
    pub(super) lookups: Lookups,
}

/// When a key was looked up. All operations are Relaxed: that a guard is in use shows in the number of
/// its handles.
#[derive(Debug)]
pub(super) struct Lookups {
    /// The latest dated lookup, as a tick.
    last: AtomicU64,
    /// Lookups since the last search that were dated, at most [`DATED_LOOKUPS`]. Lookups of two threads
    /// at once may count as one.
    dated: AtomicU32,
}

impl<G: Evictable> Entry<G> {
    pub(super) fn new_at(now: Tick, guard: G) -> Self {
        Self {
            guard,
            leaves: AtomicU32::new(0),
            lookups: Lookups::new_at(now),
        }
    }

    /// Returns a handle of the guard, unless it may just be evicted.
    ///
    /// Either this thread sees that the guard is leaving, or the thread that evicts it sees the handle:
    /// each writes one word before it reads the other's, with a fence in between.
    #[inline]
    pub(super) fn take(&self) -> Option<G> {
        let guard = self.guard.clone();
        fence(Ordering::SeqCst);
        (self.leaves.load(Relaxed) == 0).then_some(guard)
    }

    /// Decides whether the guard is evicted: nothing else refers to it, it is idle, and it is as new.
    /// Then no lookup takes it any more. Only during a change.
    pub(super) fn leave_at(&self, recipe: &G::Recipe, now: Tick) -> bool {
        self.leaves.store(1, Relaxed);
        fence(Ordering::SeqCst);
        // The count is read first: whoever drops a handle after a failure has noted the failure.
        let is_alone = self.guard.references() == 1;
        // With the Release of the handle that was dropped last.
        fence(Ordering::Acquire);
        let idle = self.lookups.idle_at(now);
        let leaves = is_alone && idle >= IDLE_AFTER && self.guard.is_as_new_at(recipe, now, idle);
        self.leaves.store(leaves.into(), Relaxed);
        leaves
    }
}

impl Lookups {
    fn new_at(now: Tick) -> Self {
        Self {
            last: AtomicU64::new(now.as_nanos()),
            dated: AtomicU32::new(0),
        }
    }

    /// Notes a lookup. `now` is known where a clock was injected, which dates every lookup.
    #[inline]
    pub(super) fn note(&self, now: Option<Tick>) {
        match now {
            Some(now) => self.date(now),
            None => {
                let dated = self.dated.load(Relaxed);
                if dated < DATED_LOOKUPS {
                    self.dated.store(dated + 1, Relaxed);
                    self.date(SharedClock::default().now());
                }
            }
        }
    }

    fn date(&self, now: Tick) {
        // Not a store: a thread that was interrupted here must not set the time back.
        self.last.fetch_max(now.as_nanos(), Relaxed);
    }

    /// Returns how long the key was not looked up. It may have been longer, never shorter.
    pub(super) fn idle_at(&self, now: Tick) -> Duration {
        if self.dated.load(Relaxed) >= DATED_LOOKUPS {
            // There may have been one just now.
            self.date(now);
        }
        self.dated.store(0, Relaxed);
        now.since(Tick::from_nanos(self.last.load(Relaxed)))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn after(seconds: u64) -> Tick {
        Tick::ZERO.after(Duration::from_secs(seconds))
    }

    #[test]
    fn idle_time_counts_from_the_last_lookup() {
        let lookups = Lookups::new_at(after(1));
        lookups.note(Some(after(5)));
        assert_eq!(lookups.idle_at(after(8)), Duration::from_secs(3));
        lookups.note(Some(after(3)));
        assert_eq!(
            lookups.idle_at(after(8)),
            Duration::from_secs(3),
            "not set back"
        );
        assert_eq!(lookups.idle_at(after(4)), Duration::ZERO);
    }

    #[test]
    fn key_with_undated_lookups_is_in_use_until_the_search() {
        let lookups = Lookups::new_at(Tick::ZERO);
        (0..=DATED_LOOKUPS).for_each(|_| lookups.note(None));
        let later = SharedClock::default().now().after(IDLE_AFTER * 2);
        assert_eq!(lookups.idle_at(later), Duration::ZERO);
        assert_eq!(lookups.idle_at(later.after(IDLE_AFTER)), IDLE_AFTER);
    }

    #[test]
    fn few_lookups_by_the_system_clock_are_dated() {
        let lookups = Lookups::new_at(Tick::ZERO);
        (1..DATED_LOOKUPS).for_each(|_| lookups.note(None));
        let later = SharedClock::default().now().after(IDLE_AFTER);
        assert!(lookups.idle_at(later) >= IDLE_AFTER);
    }
}

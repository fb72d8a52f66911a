//! A guard in the map, when it was last looked up, and how it leaves the map.

use super::{guard::Evictable, key::StoredKey};
use crate::{
    sync::{
        AtomicU32, AtomicU64,
        Ordering::{self, Relaxed},
        fence,
    },
    time::{SharedClock, Tick},
};
use std::{sync::Arc, time::Duration};

/// A guard is idle once its key was not looked up for this long.
pub(super) const IDLE_AFTER: Duration = Duration::from_secs(600);

/// So many lookups since the last search for idle guards are dated by the system's clock, which costs
/// about as much as the lookup itself; a key that is looked up more often counts as in use until the
/// next search.
pub(super) const DATED_LOOKUPS: u32 = 16;

/// A guard in the map. One that was removed stays until no lookup can hold it any more: until then it
/// is one of the guard's handles.
#[derive(Debug)]
pub(super) struct Entry<G> {
    pub(super) guard: G,
    pub(super) lookups: Lookups,
}

/// A guard that was removed from the map, to be evicted unless it turns out to be in use.
///
/// A lookup may have found the entry before it was removed, and clone the guard later. But the map
/// drops the entry only after that lookup has ended, and every handle comes from the entry or from
/// another handle. So once this handle is the only one, it is the last one. This needs no word that the
/// lookup writes and the eviction reads, and no fence between them: the number of handles is enough.
#[derive(Debug)]
pub(super) struct Leaving<G> {
    key: StoredKey,
    guard: G,
    last_lookup: Arc<AtomicU64>,
}

/// When a key was looked up. All operations are Relaxed: that a guard is in use shows in the number of
/// its handles.
#[derive(Debug)]
pub(super) struct Lookups {
    /// The latest dated lookup, as a tick. Apart, since a lookup may end after its entry was removed;
    /// most lookups do not write it.
    last: Arc<AtomicU64>,
    /// Lookups since the last search that were dated, at most [`DATED_LOOKUPS`]. Lookups of two threads
    /// at once may count as one.
    dated: AtomicU32,
}

impl<G: Evictable> Entry<G> {
    pub(super) fn new_at(now: Tick, guard: G) -> Self {
        Self {
            guard,
            lookups: Lookups::new(Arc::new(AtomicU64::new(now.as_nanos()))),
        }
    }

    /// Returns the guard of an idle key as one that can leave the map, if nothing else refers to it and
    /// it is as new. Only during a change.
    pub(super) fn leaving_at(
        &self,
        key: &StoredKey,
        recipe: &G::Recipe,
        now: Tick,
    ) -> Option<Leaving<G>> {
        let is_free = self.guard.references() == 1 && {
            let idle = self.lookups.idle_at(now);
            self.guard.is_as_new_at(recipe, now, idle)
        };
        is_free.then(|| Leaving {
            key: key.clone(),
            guard: self.guard.clone(),
            last_lookup: Arc::clone(&self.lookups.last),
        })
    }
}

impl<G: Evictable> Leaving<G> {
    /// Returns `true` once no other handle of the guard is left. From then on there is never one.
    pub(super) fn is_alone(&self) -> bool {
        let is_alone = self.guard.references() == 1;
        // With the Release of the handle that was dropped last: what its holder wrote is read after it.
        fence(Ordering::Acquire);
        is_alone
    }

    /// Decides whether the guard is evicted: this is its last handle, and it is idle and as new. Once
    /// the entry was removed.
    pub(super) fn is_evictable_at(&self, recipe: &G::Recipe, now: Tick) -> bool {
        // The number of handles is read first: whoever drops one after a failure has noted the failure.
        self.is_alone() && {
            let idle = now.since(Tick::from_nanos(self.last_lookup.load(Relaxed)));
            idle >= IDLE_AFTER && self.guard.is_as_new_at(recipe, now, idle)
        }
    }

    /// Returns the key and an entry, to put the guard back.
    pub(super) fn to_entry(&self) -> (StoredKey, Entry<G>) {
        let entry = Entry {
            guard: self.guard.clone(),
            lookups: Lookups::new(Arc::clone(&self.last_lookup)),
        };
        (self.key.clone(), entry)
    }

    pub(super) fn key(&self) -> &StoredKey {
        &self.key
    }
}

impl Lookups {
    fn new(last: Arc<AtomicU64>) -> Self {
        Self {
            last,
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
        // Not a store: a thread that was interrupted here must not set the time back. Nor a write where
        // the time has not changed, which would take the cache line from other threads.
        if self.last.load(Relaxed) < now.as_nanos() {
            self.last.fetch_max(now.as_nanos(), Relaxed);
        }
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

    fn lookups_at(now: Tick) -> Lookups {
        Lookups::new(Arc::new(AtomicU64::new(now.as_nanos())))
    }

    #[test]
    fn idle_time_counts_from_the_last_lookup() {
        let lookups = lookups_at(after(1));
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
        let lookups = lookups_at(Tick::ZERO);
        (0..=DATED_LOOKUPS).for_each(|_| lookups.note(None));
        let later = SharedClock::default().now().after(IDLE_AFTER * 2);
        assert_eq!(lookups.idle_at(later), Duration::ZERO);
        assert_eq!(lookups.idle_at(later.after(IDLE_AFTER)), IDLE_AFTER);
    }

    #[test]
    fn few_lookups_by_the_system_clock_are_dated() {
        let lookups = lookups_at(Tick::ZERO);
        (1..DATED_LOOKUPS).for_each(|_| lookups.note(None));
        let later = SharedClock::default().now().after(IDLE_AFTER);
        assert!(lookups.idle_at(later) >= IDLE_AFTER);
    }
}

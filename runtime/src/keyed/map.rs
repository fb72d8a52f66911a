//! The map from keys to guards.
//!
//! A lookup takes no lock, and writes no word that lookups of other keys write: threads that look up
//! different keys at once do not wait for each other's cache lines. Guards are added and removed one
//! change at a time.

use super::{
    entry::{Entry, IDLE_AFTER},
    guard::Evictable,
    key::{Hashed, Key, StoredKey},
    pacing::Pacing,
};
use crate::{
    sync::global::{Mutex, MutexGuard},
    time::Tick,
};
use papaya::HashMap;
use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The guards by key.
pub(super) struct GuardMap<G: Evictable> {
    entries: HashMap<StoredKey, Entry<G>, Hashed>,
    /// Held during each change.
    changes: Mutex<Pacing>,
    /// How many guards there are. Written during changes, and Relaxed, since their lock orders it.
    len: AtomicU64,
    max: u64,
}

/// The right to change the map.
pub(super) struct Changes<'m, G: Evictable> {
    map: &'m GuardMap<G>,
    pacing: MutexGuard<'m, Pacing>,
}

impl<G: Evictable> GuardMap<G> {
    pub(super) fn new(max: usize) -> Self {
        Self {
            entries: HashMap::with_hasher(Hashed::default()),
            changes: Mutex::new(Pacing::default()),
            len: AtomicU64::new(0),
            max: max as u64,
        }
    }

    /// Begins to change the map, once nobody else does.
    pub(super) fn change(&self) -> Changes<'_, G> {
        Changes {
            map: self,
            pacing: self.changes.lock(),
        }
    }

    /// Returns the guard of a key, and notes that it was looked up. `None` also where the guard may
    /// just be evicted; during a change there is no such guard.
    #[inline]
    pub(super) fn look_up(&self, key: &Key, now: Option<Tick>) -> Option<G> {
        let entries = self.entries.pin();
        let entry = entries.get(key)?;
        let guard = entry.take()?;
        entry.lookups.note(now);
        Some(guard)
    }

    /// Returns the guard of a key without noting it.
    pub(super) fn peek(&self, key: &Key) -> Option<G> {
        // During a change, since no guard is about to be evicted then.
        let _changes = self.change();
        self.entries.pin().get(key)?.take()
    }

    /// Calls a function of this crate for each guard.
    pub(super) fn for_each(&self, mut f: impl FnMut(&G)) {
        // During a change, since no guard is about to be evicted then.
        let _changes = self.change();
        let entries = self.entries.pin();
        entries.values().for_each(|entry| f(&entry.guard));
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed) as usize
    }

    pub(super) fn max(&self) -> usize {
        self.max as usize
    }
}

impl<G: Evictable> Changes<'_, G> {
    pub(super) fn is_full(&self) -> bool {
        self.map.len.load(Ordering::Relaxed) >= self.map.max
    }

    /// Adds the guard of a key that has none, to a map that is not full.
    pub(super) fn insert_at(&mut self, now: Tick, key: &Key, guard: G) {
        let entry = Entry::new_at(now, guard);
        self.map.entries.pin().insert(key.into(), entry);
        self.map.len.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<G> {
        let entries = self.map.entries.pin();
        let removed = entries.remove(key)?.guard.clone();
        self.map.len.fetch_sub(1, Ordering::Relaxed);
        Some(removed)
    }

    /// Returns `true` if a search for idle guards may find some.
    pub(super) fn is_search_due_at(&mut self, now: Tick) -> bool {
        self.pacing.is_due_at(now, self.map.len())
    }

    /// Removes the guards that are idle and as new, and that nothing else refers to; returns how many.
    ///
    /// What they are made of belongs to the recipe as well: whenever they are dropped, nothing of the
    /// user's is.
    pub(super) fn evict_at(&mut self, recipe: &G::Recipe, now: Tick) -> u64 {
        let (mut evicted, mut longest_idle) = (0, Duration::ZERO);
        let entries = self.map.entries.pin();
        for (key, entry) in &entries {
            let idle = entry.lookups.idle_at(now);
            if idle < IDLE_AFTER {
                longest_idle = longest_idle.max(idle);
            } else if entry.leave_at(recipe, now) {
                entries.remove(key);
                evicted += 1;
            }
        }
        self.map.len.fetch_sub(evicted, Ordering::Relaxed);
        self.pacing.searched_at(now, longest_idle);
        evicted
    }
}

impl<G: Evictable> fmt::Debug for GuardMap<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys may hold secrets.
        f.debug_struct("GuardMap")
            .field("len", &self.len)
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}

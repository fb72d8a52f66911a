//! The map from keys to guards.
//!
//! A lookup takes no lock, and writes no word that lookups of other keys write: threads that look up
//! different keys at once do not wait for each other's cache lines. Guards are added and removed one
//! change at a time.

use super::{
    entry::{Entry, IDLE_AFTER, Leaving},
    guard::Evictable,
    key::{Hashed, Key, StoredKey},
    pacing::Pacing,
};
use crate::{
    sync::global::{Mutex, MutexGuard},
    time::Tick,
};
use papaya::{Guard as _, HashMap};
use std::{
    fmt, hint,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

/// So many times an eviction asks whether the lookups have ended that were under way. Each takes tens
/// of nanoseconds.
const WAITS: u32 = 64;
/// From this time on a thread may have been interrupted in the middle of a lookup: let it run.
const YIELDS_FROM: u32 = 48;

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
        entry.lookups.note(now);
        Some(entry.guard.clone())
    }

    /// Returns the guard of a key without noting it.
    pub(super) fn peek(&self, key: &Key) -> Option<G> {
        // During a change, since no guard is about to be evicted then.
        let _changes = self.change();
        Some(self.entries.pin().get(key)?.guard.clone())
    }

    /// Calls a function of this crate for each guard.
    pub(super) fn for_each(&self, f: impl FnMut(&G)) {
        // During a change, since no guard is about to be evicted then.
        self.change().for_each(f);
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed) as usize
    }

    pub(super) fn max(&self) -> usize {
        self.max as usize
    }
}

impl<G: Evictable> Changes<'_, G> {
    /// Calls a function of this crate for each guard.
    pub(super) fn for_each(&self, mut f: impl FnMut(&G)) {
        let entries = self.map.entries.pin();
        entries.values().for_each(|entry| f(&entry.guard));
    }

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
        let (mut leaving, mut longest_idle) = (Vec::new(), Duration::ZERO);
        let entries = &self.map.entries;
        let pin = entries.guard();
        for (key, entry) in entries.iter(&pin) {
            let idle = entry.lookups.idle_at(now);
            if idle < IDLE_AFTER {
                longest_idle = longest_idle.max(idle);
            } else if let Some(guard) = entry.leaving_at(key, recipe, now) {
                entries.remove(key, &pin);
                leaving.push(guard);
            }
        }
        if !leaving.is_empty() {
            pin.flush();
        }
        drop(pin);
        self.wait_for_lookups(&leaving);
        let mut evicted = 0;
        for guard in leaving {
            if guard.is_evictable_at(recipe, now) {
                evicted += 1;
            } else {
                let (key, entry) = guard.to_entry();
                entries.pin().insert(key, entry);
            }
        }
        self.map.len.fetch_sub(evicted, Ordering::Relaxed);
        self.pacing.searched_at(now, longest_idle);
        evicted
    }

    /// Waits until the lookups have ended that may have found the guards before they were removed, but
    /// not for long: a guard that still has another handle is put back.
    fn wait_for_lookups(&self, mut leaving: &[Leaving<G>]) {
        for wait in 0..WAITS {
            while let [first, rest @ ..] = leaving
                && first.is_alone()
            {
                leaving = rest;
            }
            let [first, ..] = leaving else { return };
            // The map drops nothing before it has removed as many entries as lookups are under way.
            let (key, entry) = first.to_entry();
            let pin = self.map.entries.guard();
            self.map.entries.insert(key, entry, &pin);
            self.map.entries.remove(first.key(), &pin);
            pin.flush();
            drop(pin);
            if wait < YIELDS_FROM {
                hint::spin_loop();
            } else {
                thread::yield_now();
            }
        }
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

//! Every interleaving of a lookup and an eviction.

use super::{
    Evictable, Key, KeyedName,
    entry::{Entry, IDLE_AFTER},
    key::StoredKey,
};
use crate::{
    sync::{AtomicU32, Mutex, Ordering},
    time::Tick,
};
use loom::{sync::Arc, thread};
use std::time::Duration;

/// A guard that is as new until its holder has noted a failure.
#[derive(Debug)]
struct Probe(std::sync::Arc<Shared>);

#[derive(Debug)]
struct Shared {
    name: KeyedName,
    /// As that of an `Arc`, whose orderings loom's own one does not show.
    handles: AtomicU32,
    has_failed: AtomicU32,
}

impl Clone for Probe {
    fn clone(&self) -> Self {
        self.0.handles.fetch_add(1, Ordering::Relaxed);
        Self(std::sync::Arc::clone(&self.0))
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.handles.fetch_sub(1, Ordering::Release);
    }
}

impl Evictable for Probe {
    type Recipe = ();
    type Snapshot = ();

    fn make((): &(), name: KeyedName) -> Self {
        Self(std::sync::Arc::new(Shared {
            name,
            handles: AtomicU32::new(1),
            has_failed: AtomicU32::new(0),
        }))
    }

    fn keyed_name(&self) -> &KeyedName {
        &self.0.name
    }

    fn snapshot_of(&self) {}

    fn references(&self) -> usize {
        self.0.handles.load(Ordering::Relaxed) as usize
    }

    fn is_as_new_at(&self, (): &(), _: Tick, _: Duration) -> bool {
        self.0.has_failed.load(Ordering::Relaxed) == 0
    }
}

/// The map's promise: whoever found an entry has it until the lookup ends, and one that was removed is
/// dropped after that.
type Slot = Mutex<Option<Arc<Entry<Probe>>>>;

fn find(slot: &Slot) -> Option<Arc<Entry<Probe>>> {
    slot.lock().clone()
}

/// Evicts the guard if it is in no use; returns whether it was evicted.
fn evict(slot: &Slot) -> bool {
    let now = Tick::ZERO.after(IDLE_AFTER);
    let Some(entry) = find(slot) else {
        return false;
    };
    let key = StoredKey::from(Key::new().write("a"));
    let Some(leaving) = entry.leaving_at(&key, &(), now) else {
        return false;
    };
    drop(slot.lock().take());
    drop(entry);
    leaving.is_evictable_at(&(), now)
}

fn slot() -> Arc<Slot> {
    let guard = Probe::make(&(), KeyedName::of_key("probes", "a"));
    let entry = Arc::new(Entry::new_at(Tick::ZERO, guard));
    Arc::new(Mutex::new(Some(entry)))
}

#[test]
fn lookup_takes_no_guard_that_is_evicted() {
    loom::model(|| {
        let slot = slot();
        let evicts = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || evict(&slot))
        };
        let taken = find(&slot).map(|entry| entry.guard.clone());
        let is_evicted = evicts.join().unwrap();
        assert!(taken.is_none() || !is_evicted);
    });
}

#[test]
fn guard_that_noted_a_failure_or_a_lookup_is_not_evicted() {
    for notes_failure in [true, false] {
        loom::model(move || {
            let slot = slot();
            let evicts = {
                let slot = Arc::clone(&slot);
                thread::spawn(move || evict(&slot))
            };
            let taken = find(&slot).map(|entry| {
                if !notes_failure {
                    entry.lookups.note(Some(Tick::ZERO.after(IDLE_AFTER)));
                }
                entry.guard.clone()
            });
            let was_found = taken.is_some();
            if let Some(guard) = taken
                && notes_failure
            {
                guard.0.has_failed.store(1, Ordering::Relaxed);
            }
            let is_evicted = evicts.join().unwrap();
            assert!(!was_found || !is_evicted);
        });
    }
}

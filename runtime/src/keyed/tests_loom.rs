//! Every interleaving of a lookup and an eviction.

use super::{
    Evictable, KeyedName,
    entry::{Entry, IDLE_AFTER},
};
use crate::time::Tick;
use loom::{sync::Arc, thread};
use std::time::Duration;

/// A guard that is always as new.
#[derive(Clone, Debug)]
struct Probe(Arc<KeyedName>);

impl Evictable for Probe {
    type Recipe = ();
    type Snapshot = ();

    fn make((): &(), name: KeyedName) -> Self {
        Self(Arc::new(name))
    }

    fn keyed_name(&self) -> &KeyedName {
        &self.0
    }

    fn snapshot_of(&self) {}

    fn references(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    fn is_as_new_at(&self, (): &(), _: Tick, _: Duration) -> bool {
        true
    }
}

#[test]
fn lookup_takes_no_guard_that_is_evicted() {
    loom::model(|| {
        let guard = Probe::make(&(), KeyedName::of_key("probes", "a"));
        let entry = std::sync::Arc::new(Entry::new_at(Tick::ZERO, guard));
        let evicts = {
            let entry = std::sync::Arc::clone(&entry);
            let now = Tick::ZERO.after(IDLE_AFTER);
            thread::spawn(move || entry.leave_at(&(), now))
        };
        let taken = entry.take();
        let is_evicted = evicts.join().unwrap();
        assert!(taken.is_none() || !is_evicted);
    });
}

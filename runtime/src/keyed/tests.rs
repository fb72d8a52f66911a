//! Races for a key, on a guard that knows who holds it.

use super::{Evictable, Keyed, KeyedName};
use crate::{
    sync::global::Mutex,
    time::{Clock, SharedClock, Tick},
};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// A guard that is always as new; two of them are never equal.
#[derive(Clone, Debug)]
struct Probe(Arc<(KeyedName, usize)>);

impl Evictable for Probe {
    type Recipe = Arc<AtomicUsize>;
    type Snapshot = usize;

    fn make(made: &Self::Recipe, name: KeyedName) -> Self {
        Self(Arc::new((name, made.fetch_add(1, Ordering::Relaxed))))
    }

    fn keyed_name(&self) -> &KeyedName {
        &self.0.0
    }

    fn snapshot_of(&self) -> usize {
        self.0.1
    }

    fn references(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    fn is_as_new_at(&self, _: &Self::Recipe, _: Tick, _: Duration) -> bool {
        true
    }
}

/// The guards of a key that are held, with the number of holders.
#[derive(Default)]
struct Held(Mutex<HashMap<String, HashMap<usize, usize>>>);

impl Held {
    /// Notes a held guard, and returns whether it is the only one of its key.
    fn take(&self, guard: &Probe) -> bool {
        let mut held = self.0.lock();
        let of_key = held.entry(guard.keyed_name().to_string()).or_default();
        *of_key.entry(guard.snapshot_of()).or_default() += 1;
        of_key.len() == 1
    }

    fn give_back(&self, guard: Probe) {
        let mut held = self.0.lock();
        if let Some(of_key) = held.get_mut(&**guard.keyed_name()) {
            let holders = of_key.entry(guard.snapshot_of()).or_default();
            *holders -= 1;
            if *holders == 0 {
                of_key.remove(&guard.snapshot_of());
            }
        }
        // Under the lock: whoever holds it is in the list.
        drop(guard);
    }
}

#[derive(Clone, Debug, Default)]
struct Hand(Arc<AtomicU64>);

impl Hand {
    fn pass(&self, time: Duration) {
        let nanos = time.as_nanos() as u64;
        self.0.fetch_add(nanos, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Tick {
        Tick::from_nanos(self.0.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) {
        self.pass(duration);
    }
}

fn keyed(max_keys: u32) -> (Hand, Keyed<Probe>) {
    let clock = Hand::default();
    let keyed = Keyed::new(
        "probes",
        Arc::default(),
        SharedClock::new(clock.clone()),
        max_keys,
    );
    (clock, keyed)
}

#[test]
fn guard_that_is_evicted_and_a_new_one_of_its_key_are_never_held_at_once() {
    const IDLE: Duration = Duration::from_secs(600);
    let (clock, keyed) = keyed(3);
    let held = Held::default();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (keyed, held, clock) = (&keyed, &held, &clock);
            scope.spawn(move || {
                for n in 0..30_000_u32 {
                    if thread == 0 {
                        clock.pass(IDLE);
                        keyed.evict_idle();
                    }
                    let guard = keyed.get(&(n % 5));
                    assert!(held.take(&guard), "two guards of {}", &**guard.keyed_name());
                    assert!(keyed.len() <= 3);
                    held.give_back(guard);
                }
            });
        }
    });
    assert!(keyed.evicted() > 100, "{keyed:?}");
    // The lookups of a key that was evicted made a guard again.
    assert!(keyed.recipe().load(Ordering::Relaxed) > 100);
}

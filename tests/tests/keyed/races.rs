//! Keys that several threads look up at once.

use crate::support::{IDLE, breakers};
use gardefou::{breaker::CircuitBreaker, keyed::Keyed};
use std::{
    collections::HashSet,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

#[test]
fn threads_that_make_the_same_keys_at_once_make_each_guard_once() {
    const KEYS: u32 = 1_000;
    for max_keys in [KEYS, 10 * KEYS] {
        let (_, keyed) = breakers(|b| b.max_keys(max_keys));
        let start = Barrier::new(8);
        let guards: Vec<Vec<CircuitBreaker>> = thread::scope(|scope| {
            let run = || {
                start.wait();
                (0..KEYS).map(|key| keyed.get(&key)).collect()
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!((keyed.len(), keyed.shared_other()), (KEYS as usize, 0));
        // A permit of one handle is seen by all handles of the same guard.
        for key in 0..KEYS as usize {
            guards[0][key].force_open();
            assert!(
                guards
                    .iter()
                    .all(|of_thread| of_thread[key].try_acquire().is_err()),
                "{key}"
            );
            guards[0][key].reset();
        }
    }
}

#[test]
fn bound_holds_while_threads_add_evict_and_remove() {
    const MAX: usize = 100;
    let (clock, keyed) = breakers(|b| b.max_keys(MAX as u32));
    let most = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..8_u32 {
            let (keyed, clock, most) = (&keyed, &clock, &most);
            scope.spawn(move || {
                for n in 0..2_000 {
                    let _ = keyed.get(&(n * (thread + 1) % 500));
                    most.fetch_max(keyed.len(), Ordering::Relaxed);
                    match n % 50 {
                        0 => clock.advance(IDLE),
                        1 => drop(keyed.remove(&n)),
                        _ => {}
                    }
                }
            });
        }
    });
    assert!(most.load(Ordering::Relaxed) <= MAX, "{most:?}");
    assert_eq!(keyed.len(), keyed.keys().len());
    let distinct: HashSet<_> = keyed.keys().into_iter().collect();
    assert_eq!(distinct.len(), keyed.len());
}

/// An observer is the user's: it may look up keys while a guard is made, changes, or is dropped.
#[test]
fn observers_may_look_up_keys() {
    struct LooksUp(Arc<Mutex<Option<Keyed<CircuitBreaker>>>>);
    impl Drop for LooksUp {
        fn drop(&mut self) {
            let keyed = self.0.lock().unwrap().clone();
            drop(keyed.map(|keyed| (keyed.get("dropped"), keyed.evict_idle())));
        }
    }
    let cell = Arc::new(Mutex::new(None::<Keyed<CircuitBreaker>>));
    let seen = Arc::clone(&cell);
    let (clock, keyed) = breakers(|b| {
        b.max_keys(2).on_transition(move |event| {
            let keyed = seen.lock().unwrap().clone();
            if let Some(keyed) = keyed {
                assert_eq!(
                    keyed.peek(event.key.unwrap()).is_some(),
                    event.key != Some("_OTHER")
                );
                let _ = keyed.get("changed");
            }
        })
    });
    *cell.lock().unwrap() = Some(keyed.clone());
    keyed.get("a").force_open();
    keyed.get("a").reset();
    assert_eq!(keyed.keys(), ["a", "changed"]);
    let looks_up = LooksUp(Arc::clone(&cell));
    let subscription = keyed
        .get("a")
        .observe(move |_: &gardefou::event::Event<'_>| {
            let _ = &looks_up;
        });
    clock.advance(IDLE);
    drop(subscription);
    assert!(keyed.keys().contains(&"dropped".to_owned()));
    *cell.lock().unwrap() = None;
}

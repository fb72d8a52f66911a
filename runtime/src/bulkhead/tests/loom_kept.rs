//! Interleavings of calls that take and leave kept slots with all that collects them, explored by loom.

use super::{
    loom::{assert_whole, beside, counting, explore, woken},
    take, waiting,
};
use crate::bulkhead::{
    handle::Bulkhead,
    held::{self, Answer, Held},
};
use ::loom::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize},
};
use std::{
    sync::{Arc, atomic::Ordering},
    task::Poll,
};

/// Builds a bulkhead whose threads keep slots.
fn keeping(limit: u32) -> Bulkhead {
    let bulkhead = waiting(|b| b.max_concurrent(limit));
    bulkhead.inner().start_keeping();
    bulkhead
}

/// Runs a call, after which this thread keeps its slot if it may.
fn call(bulkhead: &Bulkhead) {
    drop(take(bulkhead.inner()));
}

/// Waits on another thread until it has run a call, and lets it go on.
fn after_a_call(
    bulkhead: &Bulkhead,
    act: impl FnOnce(&Bulkhead) + Send + 'static,
) -> ::loom::thread::JoinHandle<()> {
    let is_ready = Arc::new(AtomicBool::new(false));
    let there = Arc::clone(&is_ready);
    let thread = beside(bulkhead, move |bulkhead| {
        call(bulkhead);
        there.store(true, Ordering::Release);
        act(bulkhead);
    });
    while !is_ready.load(Ordering::Acquire) {
        ::loom::thread::yield_now();
    }
    thread
}

#[test]
fn no_more_calls_run_than_the_limit_while_slots_are_kept() {
    explore(|| {
        let bulkhead = keeping(2);
        call(&bulkhead);
        let running = Arc::new(AtomicUsize::new(0));
        let there = Arc::clone(&running);
        let run = |bulkhead: &Bulkhead, running: &AtomicUsize| {
            let held = Held::try_take(bulkhead.inner());
            if held.is_some() {
                assert!(running.fetch_add(1, Ordering::Relaxed) < 2);
            }
            if let Some(held) = held {
                running.fetch_sub(1, Ordering::Relaxed);
                drop(held);
            }
        };
        let other = beside(&bulkhead, move |bulkhead| {
            let first = Held::try_take(bulkhead.inner());
            let before = there.fetch_add(usize::from(first.is_some()), Ordering::Relaxed);
            assert!(before < 2);
            run(bulkhead, &there);
            there.fetch_sub(usize::from(first.is_some()), Ordering::Relaxed);
        });
        run(&bulkhead, &running);
        run(&bulkhead, &running);
        other.join().unwrap();
        assert_whole(&bulkhead, 2);
    });
}

#[test]
fn free_slot_is_never_refused_while_slots_are_kept() {
    explore(|| {
        let bulkhead = keeping(2);
        let act = |bulkhead: &Bulkhead| {
            call(bulkhead);
            call(bulkhead);
        };
        let other = beside(&bulkhead, act);
        act(&bulkhead);
        other.join().unwrap();
        assert_eq!(bulkhead.snapshot().admitted, 4);
        assert_whole(&bulkhead, 2);
    });
}

/// At each moment one of two slots is kept, by the one thread or by the other: a look at one cell after
/// the other could miss both.
#[test]
fn slot_that_is_kept_by_turns_is_never_missed() {
    explore(|| {
        let bulkhead = keeping(4);
        let turn = Arc::new(Mutex::new(()));
        let by_turns = |turn: Arc<Mutex<()>>| {
            move |bulkhead: &Bulkhead| {
                let _turn = turn.lock().unwrap();
                call(bulkhead);
            }
        };
        let threads = [0, 1].map(|_| after_a_call(&bulkhead, by_turns(Arc::clone(&turn))));
        let others = [0, 1].map(|_| take(bulkhead.inner()));
        call(&bulkhead);
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        drop(others);
        assert_eq!(bulkhead.snapshot().admitted, 7);
        assert_whole(&bulkhead, 4);
    });
}

#[test]
fn call_that_finds_a_kept_slot_sees_what_the_one_before_it_wrote() {
    explore(|| {
        let bulkhead = keeping(2);
        let written = Arc::new(AtomicUsize::new(0));
        let held = take(bulkhead.inner());
        let there = Arc::clone(&written);
        let other = beside(&bulkhead, move |bulkhead| {
            let _first = take(bulkhead.inner());
            if let Some(_second) = Held::try_take(bulkhead.inner()) {
                assert_eq!(there.load(Ordering::Relaxed), 1);
            }
        });
        written.store(1, Ordering::Relaxed);
        drop(held);
        other.join().unwrap();
        assert_whole(&bulkhead, 2);
    });
}

#[test]
fn call_that_finds_a_slot_which_a_reader_freed_sees_what_the_one_before_it_wrote() {
    explore(|| {
        let bulkhead = keeping(2);
        let written = Arc::new(AtomicUsize::new(0));
        let held = take(bulkhead.inner());
        let there = Arc::clone(&written);
        let other = beside(&bulkhead, move |bulkhead| {
            let _first = take(bulkhead.inner());
            if let Some(_second) = Held::try_take(bulkhead.inner()) {
                assert_eq!(there.load(Ordering::Relaxed), 1);
            }
        });
        let reader = beside(&bulkhead, |bulkhead| {
            let _ = bulkhead.is_idle();
        });
        written.store(1, Ordering::Relaxed);
        drop(held);
        other.join().unwrap();
        reader.join().unwrap();
    });
}

#[test]
fn call_that_queues_beside_a_thread_that_keeps_its_slot_is_admitted() {
    explore(|| {
        let bulkhead = keeping(2);
        std::mem::forget(take(bulkhead.inner()));
        let leaves = beside(&bulkhead, |bulkhead| bulkhead.inner().leave());
        let first = take(bulkhead.inner());
        let (counting, waker) = counting();
        match held::enter(bulkhead.inner(), || waker.clone()) {
            Answer::Admitted(held) => {
                leaves.join().unwrap();
                drop(held);
            }
            Answer::Queued(mut ticket, _) => {
                leaves.join().unwrap();
                assert_eq!(woken(&counting), 1);
                assert!(matches!(ticket.poll(&waker), Poll::Ready(Some(_))));
            }
            Answer::Rejected(reason) => panic!("rejected: {reason:?}"),
        }
        drop(first);
        assert_whole(&bulkhead, 2);
    });
}

#[test]
fn thread_with_a_kept_slot_never_overtakes_a_waiter() {
    explore(|| {
        let bulkhead = keeping(2);
        let is_queued = Arc::new(AtomicBool::new(false));
        let there = Arc::clone(&is_queued);
        let other = after_a_call(&bulkhead, move |bulkhead| {
            drop(Held::try_take(bulkhead.inner()));
            if there.load(Ordering::Acquire) {
                assert!(Held::try_take(bulkhead.inner()).is_none());
            }
        });
        let first = take(bulkhead.inner());
        let (counting, waker) = counting();
        let answer = held::enter(bulkhead.inner(), || waker.clone());
        is_queued.store(true, Ordering::Release);
        other.join().unwrap();
        match answer {
            Answer::Admitted(held) => drop(held),
            Answer::Queued(mut ticket, _) => {
                assert_eq!(woken(&counting), 1);
                assert!(matches!(ticket.poll(&waker), Poll::Ready(Some(_))));
            }
            Answer::Rejected(reason) => panic!("rejected: {reason:?}"),
        }
        drop(first);
        assert_whole(&bulkhead, 2);
    });
}

#[test]
fn lowered_limit_holds_for_kept_slots_from_its_return_on() {
    explore(|| {
        let bulkhead = keeping(2);
        let is_lowered = Arc::new(AtomicBool::new(false));
        let there = Arc::clone(&is_lowered);
        let other = after_a_call(&bulkhead, move |bulkhead| {
            let may_run = !there.load(Ordering::Acquire);
            assert!(Held::try_take(bulkhead.inner()).is_none() || may_run);
        });
        let held = take(bulkhead.inner());
        bulkhead.set_max_concurrent(1).unwrap();
        // A snapshot would collect what the change of the limit has not.
        is_lowered.store(true, Ordering::Release);
        other.join().unwrap();
        drop(held);
        assert_whole(&bulkhead, 1);
    });
}

#[test]
fn limit_that_is_lowered_while_a_thread_keeps_its_slot_admits_as_many() {
    explore(|| {
        let bulkhead = keeping(2);
        std::mem::forget(take(bulkhead.inner()));
        let leaves = beside(&bulkhead, |bulkhead| bulkhead.inner().leave());
        bulkhead.set_max_concurrent(1).unwrap();
        let held = Held::try_take(bulkhead.inner());
        let beside_the_first = bulkhead.snapshot();
        assert!(beside_the_first.in_flight <= 1, "{beside_the_first:?}");
        leaves.join().unwrap();
        drop(held);
        assert_whole(&bulkhead, 1);
    });
}

#[test]
fn snapshot_is_of_one_moment_while_slots_are_kept() {
    explore(|| {
        let bulkhead = keeping(2);
        let other = after_a_call(&bulkhead, |bulkhead| {
            call(bulkhead);
            call(bulkhead);
        });
        let [first, second] = [0, 1].map(|_| bulkhead.snapshot());
        for seen in [&first, &second] {
            assert!((1..4).contains(&seen.admitted), "{seen:?}");
            let has_run = if seen.admitted == 1 { 0 } else { 1 };
            assert!(seen.in_flight <= has_run, "{seen:?}");
        }
        assert!(first.admitted <= second.admitted);
        other.join().unwrap();
        assert_eq!(bulkhead.snapshot().admitted, 3);
        assert_whole(&bulkhead, 2);
    });
}

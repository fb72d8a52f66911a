//! Interleavings of callers, waiters and changes of the limit, explored by loom:
//! `RUSTFLAGS="--cfg loom" cargo test -p gardefou --lib --no-default-features loom`.

use super::{queue, take, waiting};
use crate::bulkhead::{
    handle::Bulkhead,
    held::{self, Answer, Held},
    state_word::StateWord,
};
use ::loom::thread;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Poll, Wake, Waker},
};

/// Explores with a bound on preemptions, beyond which they rarely find more.
pub(super) fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = ::loom::model::Builder::new();
    // The environment takes precedence.
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(model);
}

/// Counts how often it was woken.
#[derive(Default)]
pub(super) struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(super) fn counting() -> (Arc<Counting>, Waker) {
    let counting = Arc::new(Counting::default());
    (Arc::clone(&counting), Waker::from(counting))
}

pub(super) fn woken(counting: &Counting) -> usize {
    counting.0.load(Ordering::SeqCst)
}

/// Runs a function of the bulkhead on another thread.
pub(super) fn beside(
    bulkhead: &Bulkhead,
    act: impl FnOnce(&Bulkhead) + Send + 'static,
) -> thread::JoinHandle<()> {
    let bulkhead = bulkhead.clone();
    thread::spawn(move || act(&bulkhead))
}

pub(super) fn assert_whole(bulkhead: &Bulkhead, limit: u32) {
    let snapshot = bulkhead.snapshot();
    assert_eq!(
        (snapshot.in_flight, snapshot.queued, snapshot.limit),
        (0, 0, limit)
    );
    assert!(bulkhead.is_idle());
    let all: Vec<Held<'_>> = (0..limit).map(|_| take(bulkhead.inner())).collect();
    assert!(Held::try_take(bulkhead.inner()).is_none());
    drop(all);
}

#[test]
fn slot_is_taken_once_by_two_threads() {
    explore(|| {
        let bulkhead = waiting(|b| b.max_concurrent(1));
        let running = Arc::new(::loom::sync::atomic::AtomicUsize::new(0));
        let act = |running: Arc<::loom::sync::atomic::AtomicUsize>| {
            move |bulkhead: &Bulkhead| {
                if let Some(_held) = Held::try_take(bulkhead.inner()) {
                    assert_eq!(running.fetch_add(1, Ordering::Relaxed), 0);
                    running.fetch_sub(1, Ordering::Relaxed);
                }
            }
        };
        let other = beside(&bulkhead, act(Arc::clone(&running)));
        act(running)(&bulkhead);
        other.join().unwrap();
        assert_whole(&bulkhead, 1);
    });
}

#[test]
fn free_slot_is_never_refused() {
    explore(|| {
        // Two callers of two slots, beside releases: each of them finds one.
        let bulkhead = waiting(|b| b.max_concurrent(2));
        let act = |bulkhead: &Bulkhead| {
            drop(take(bulkhead.inner()));
            drop(take(bulkhead.inner()));
        };
        let other = beside(&bulkhead, act);
        act(&bulkhead);
        other.join().unwrap();
        assert_eq!(bulkhead.snapshot().admitted, 4);
        assert_whole(&bulkhead, 2);
    });
}

#[test]
fn holder_sees_what_the_one_before_it_wrote() {
    explore(|| {
        let bulkhead = waiting(|b| b.max_concurrent(1));
        let written = Arc::new(::loom::sync::atomic::AtomicUsize::new(0));
        let held = take(bulkhead.inner());
        let there = Arc::clone(&written);
        let other = beside(&bulkhead, move |bulkhead| {
            if let Some(_held) = Held::try_take(bulkhead.inner()) {
                assert_eq!(there.load(Ordering::Relaxed), 1);
            }
        });
        written.store(1, Ordering::Relaxed);
        drop(held);
        other.join().unwrap();
    });
}

#[test]
fn call_that_queues_beside_a_release_is_admitted() {
    explore(|| {
        let bulkhead = waiting(|b| b.max_concurrent(1));
        std::mem::forget(take(bulkhead.inner()));
        let releases = beside(&bulkhead, |bulkhead| bulkhead.inner().leave());
        let (counting, waker) = counting();
        match held::enter(bulkhead.inner(), || waker.clone()) {
            Answer::Admitted(held) => {
                releases.join().unwrap();
                drop(held);
            }
            Answer::Queued(mut ticket, _) => {
                releases.join().unwrap();
                assert_eq!(woken(&counting), 1);
                assert!(matches!(ticket.poll(&waker), Poll::Ready(Some(_))));
            }
            Answer::Rejected(reason) => panic!("rejected: {reason:?}"),
        }
        assert_whole(&bulkhead, 1);
    });
}

#[test]
fn waiter_that_is_dropped_while_it_is_granted_loses_no_slot() {
    explore(|| {
        let bulkhead = waiting(|b| b.max_concurrent(1));
        std::mem::forget(take(bulkhead.inner()));
        let ticket = queue(bulkhead.inner(), Waker::noop());
        let releases = beside(&bulkhead, |bulkhead| bulkhead.inner().leave());
        drop(ticket);
        releases.join().unwrap();
        let snapshot = bulkhead.snapshot();
        assert_eq!((snapshot.admitted, snapshot.cancelled), (1, 1));
        assert_whole(&bulkhead, 1);
    });
}

#[test]
fn waiter_whose_time_is_over_while_it_is_granted_has_the_slot_or_not() {
    explore(|| {
        let bulkhead = waiting(|b| b.max_concurrent(1));
        std::mem::forget(take(bulkhead.inner()));
        let ticket = queue(bulkhead.inner(), Waker::noop());
        let releases = beside(&bulkhead, |bulkhead| bulkhead.inner().leave());
        let held = ticket.finish();
        let is_granted = held.is_some();
        releases.join().unwrap();
        assert_eq!(bulkhead.snapshot().in_flight, u32::from(is_granted));
        assert_eq!(bulkhead.snapshot().admitted, 1 + u64::from(is_granted));
        drop(held);
        assert_whole(&bulkhead, 1);
    });
}

#[test]
fn slot_of_a_dropped_waiter_goes_to_the_next_one() {
    explore(|| {
        let bulkhead = waiting(|b| b.max_concurrent(1).max_queue(2));
        std::mem::forget(take(bulkhead.inner()));
        let first = queue(bulkhead.inner(), Waker::noop());
        let (counting, waker) = counting();
        let mut second = queue(bulkhead.inner(), &waker);
        let releases = beside(&bulkhead, |bulkhead| bulkhead.inner().leave());
        drop(first);
        releases.join().unwrap();
        assert_eq!(woken(&counting), 1);
        assert!(matches!(second.poll(&waker), Poll::Ready(Some(_))));
        assert_whole(&bulkhead, 1);
    });
}

#[test]
fn newcomer_never_overtakes_a_waiter() {
    explore(|| {
        let bulkhead = waiting(|b| b.max_concurrent(1));
        std::mem::forget(take(bulkhead.inner()));
        let (counting, waker) = counting();
        let mut ticket = queue(bulkhead.inner(), &waker);
        let releases = beside(&bulkhead, |bulkhead| bulkhead.inner().leave());
        let newcomer = beside(&bulkhead, |bulkhead| {
            assert!(Held::try_take(bulkhead.inner()).is_none());
        });
        releases.join().unwrap();
        newcomer.join().unwrap();
        assert_eq!(woken(&counting), 1);
        assert!(matches!(ticket.poll(&waker), Poll::Ready(Some(_))));
        assert_whole(&bulkhead, 1);
    });
}

#[test]
fn two_releases_admit_two_waiters() {
    explore(|| {
        let bulkhead = waiting(|b| b.max_concurrent(2));
        std::mem::forget((take(bulkhead.inner()), take(bulkhead.inner())));
        let (counting, waker) = counting();
        let mut tickets = [0, 1].map(|_| queue(bulkhead.inner(), &waker));
        let releases = beside(&bulkhead, |bulkhead| bulkhead.inner().leave());
        bulkhead.inner().leave();
        releases.join().unwrap();
        assert_eq!(woken(&counting), 2);
        let held = tickets
            .each_mut()
            .map(|ticket| matches!(ticket.poll(&waker), Poll::Ready(Some(_))));
        assert_eq!(held, [true, true]);
        drop(tickets);
        assert_whole(&bulkhead, 2);
    });
}

#[test]
fn raised_limit_admits_a_call_that_queues_meanwhile() {
    explore(|| {
        let bulkhead = waiting(|b| b.max_concurrent(1));
        let held = take(bulkhead.inner());
        let raises = beside(&bulkhead, |bulkhead| {
            bulkhead.set_max_concurrent(2).unwrap()
        });
        match held::enter(bulkhead.inner(), || Waker::noop().clone()) {
            Answer::Admitted(other) => drop(other),
            Answer::Queued(mut ticket, _) => {
                raises.join().unwrap();
                assert!(matches!(ticket.poll(Waker::noop()), Poll::Ready(Some(_))));
                drop(held);
                return assert_whole(&bulkhead, 2);
            }
            Answer::Rejected(reason) => panic!("rejected: {reason:?}"),
        }
        raises.join().unwrap();
        drop(held);
        assert_whole(&bulkhead, 2);
    });
}

#[test]
fn lowered_limit_holds_from_its_return_on() {
    explore(|| {
        let bulkhead = waiting(|b| b.max_concurrent(2));
        let held = take(bulkhead.inner());
        let other = beside(&bulkhead, |bulkhead| {
            if let Some(held) = Held::try_take(bulkhead.inner()) {
                drop(held);
            }
        });
        bulkhead.set_max_concurrent(1).unwrap();
        let before = bulkhead.snapshot().admitted;
        other.join().unwrap();
        assert_eq!(bulkhead.snapshot().admitted, before);
        drop(held);
        assert_whole(&bulkhead, 1);
    });
}

/// Each of two calls moves admitted calls from the word to where they are noted, while a reader looks.
#[test]
fn readings_never_go_down_while_admitted_calls_are_moved() {
    explore(|| {
        let bulkhead = waiting(|b| b.max_concurrent(2));
        let before = 2 * StateWord::MANY - 1;
        bulkhead.inner().set_admitted_in_word(before);
        let reader = beside(&bulkhead, move |bulkhead| {
            let readings = [(); 2].map(|()| bulkhead.inner().admitted());
            assert!(readings.is_sorted(), "{readings:?}");
            for reading in readings {
                assert!((before..=before + 2).contains(&reading), "{reading}");
            }
        });
        for taken in 1..=2 {
            drop(take(bulkhead.inner()));
            assert_eq!(bulkhead.inner().admitted(), before + taken);
        }
        reader.join().unwrap();
        assert_eq!(bulkhead.snapshot().admitted, before + 2);
    });
}

#[test]
fn overload_of_two_calls_of_one_round_lowers_the_limit_once() {
    explore(|| {
        let bulkhead = waiting(|b| b.max_concurrent(20).adaptive(true));
        let held = bulkhead.try_acquire().unwrap();
        let other = bulkhead.try_acquire().unwrap();
        let fails = thread::spawn(move || other.failure());
        held.failure();
        fails.join().unwrap();
        let snapshot = bulkhead.snapshot();
        assert_eq!((snapshot.limit, snapshot.in_flight), (18, 0));
    });
}

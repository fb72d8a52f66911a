//! Tests of kept slots, with threads that act one after the other.

use super::{queue, take, waiting};
use crate::bulkhead::{
    handle::Bulkhead,
    held::Held,
    inner::{Entered, Inner},
};
use std::{
    sync::{Barrier, mpsc},
    task::{Poll, Waker},
    thread,
};

/// Runs `then` while so many other threads live that have run a call each.
fn beside_callers(bulkhead: &Bulkhead, threads: usize, then: impl FnOnce()) {
    let (sender, receiver) = mpsc::channel();
    let end = Barrier::new(threads + 1);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, end) = (sender.clone(), &end);
            scope.spawn(move || {
                // The first call makes what the thread keeps its slot in.
                drop(take(bulkhead.inner()));
                drop(take(bulkhead.inner()));
                sender.send(()).unwrap();
                end.wait();
            });
            receiver.recv().unwrap();
        }
        then();
        end.wait();
    });
}

fn keeping(limit: u32) -> Bulkhead {
    let bulkhead = waiting(|b| b.max_concurrent(limit).max_queue(10));
    bulkhead.inner().start_keeping();
    bulkhead
}

fn take_all(bulkhead: &Bulkhead, limit: u32) -> Vec<Held<'_>> {
    let all = (0..limit).map(|_| take(bulkhead.inner())).collect();
    assert!(Held::try_take(bulkhead.inner()).is_none());
    all
}

#[test]
fn size_of_a_bulkhead_is_bounded() {
    assert!(size_of::<Inner>() <= 640, "{}", size_of::<Inner>());
}

#[test]
fn slots_that_threads_keep_are_there_for_others() {
    let bulkhead = keeping(8);
    beside_callers(&bulkhead, 4, || {
        assert_eq!(bulkhead.inner().taken(), 4, "each thread keeps one");
        drop(take_all(&bulkhead, 8));
        assert_eq!(bulkhead.snapshot().admitted, 16);
    });
    assert!(bulkhead.is_idle());
}

#[test]
fn slots_of_ended_threads_are_not_lost() {
    let bulkhead = keeping(8);
    beside_callers(&bulkhead, 4, || {});
    assert_eq!(bulkhead.inner().taken(), 4);
    drop(take_all(&bulkhead, 8));
    assert!(bulkhead.is_idle());
}

#[test]
fn kept_slots_are_no_running_calls() {
    let bulkhead = keeping(8);
    beside_callers(&bulkhead, 3, || {
        assert!(bulkhead.is_idle());
    });
    bulkhead.inner().start_keeping();
    beside_callers(&bulkhead, 3, || {
        let _held = take(bulkhead.inner());
        let seen = bulkhead.snapshot();
        assert_eq!(
            (seen.in_flight, seen.available(), seen.admitted),
            (1, 7, 13)
        );
    });
    bulkhead.inner().start_keeping();
    beside_callers(&bulkhead, 1, || {
        assert!(format!("{bulkhead:?}").contains("in_flight: 0"));
    });
}

#[test]
fn slot_that_is_kept_costs_no_place_in_the_queue() {
    let bulkhead = keeping(8);
    beside_callers(&bulkhead, 4, || {
        let mut all = take_all(&bulkhead, 8);
        let mut ticket = queue(bulkhead.inner(), Waker::noop());
        bulkhead.inner().start_keeping();
        all.pop();
        assert!(Held::try_take(bulkhead.inner()).is_none());
        assert!(matches!(ticket.poll(Waker::noop()), Poll::Ready(Some(_))));
    });
}

/// Threads may begin to keep slots between the first look of a call and its place in the queue.
#[test]
fn call_that_is_about_to_wait_takes_a_kept_slot() {
    let bulkhead = keeping(8);
    beside_callers(&bulkhead, 4, || {
        let held: Vec<_> = (0..4).map(|_| take(bulkhead.inner())).collect();
        assert!(bulkhead.inner().is_keeping());
        let entered = bulkhead.inner().enter_or_queue(Waker::noop().clone());
        assert!(matches!(entered, Entered::Admitted), "{entered:?}");
        bulkhead.inner().leave();
        drop(held);
    });
    assert!(bulkhead.is_idle());
}

#[test]
fn threads_keep_slots_only_far_from_the_limit() {
    let bulkhead = keeping(8);
    let held: Vec<_> = (0..4).map(|_| take(bulkhead.inner())).collect();
    beside_callers(&bulkhead, 2, || {
        assert_eq!(bulkhead.inner().taken(), 4);
    });
    drop(held);
    for small in 0..4 {
        let bulkhead = keeping(small);
        assert!(!bulkhead.inner().is_keeping(), "{small}");
    }
}

#[test]
fn changed_limit_counts_running_calls_alone() {
    let bulkhead = keeping(8);
    beside_callers(&bulkhead, 4, || {
        let held = take(bulkhead.inner());
        bulkhead.set_max_concurrent(2).unwrap();
        let second = take(bulkhead.inner());
        assert!(Held::try_take(bulkhead.inner()).is_none());
        drop((held, second));
    });
    assert!(bulkhead.is_idle());
    drop(take_all(&bulkhead, 2));
}

#[test]
fn adaptive_limit_is_raised_by_running_calls_alone() {
    let grown = |running: usize| {
        let bulkhead = waiting(|b| b.adaptive(true).max_concurrent(16));
        bulkhead.inner().start_keeping();
        beside_callers(&bulkhead, 4, || {
            assert_eq!(bulkhead.inner().taken(), 4);
            let _running: Vec<_> = (1..running).map(|_| take(bulkhead.inner())).collect();
            for _ in 0..16 {
                bulkhead.try_acquire().unwrap().success();
            }
        });
        bulkhead.snapshot().limit
    };
    assert_eq!((grown(4), grown(7), grown(8)), (16, 16, 17));
}

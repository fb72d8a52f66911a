//! Tests of parts that the public interface does not reach.

use super::{queue, take, waiting};
use crate::bulkhead::{
    aimd::Aimd,
    queue::{Queue, Removed},
    state_word::StateWord,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Poll, Wake, Waker},
    thread,
};

#[test]
fn admitted_calls_are_counted_exactly_where_they_overflow_the_word() {
    let bulkhead = waiting(|b| b.max_concurrent(5));
    bulkhead
        .inner()
        .set_admitted_in_word(StateWord::MANY - 1000);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    drop(bulkhead.try_acquire().unwrap());
                }
            });
        }
    });
    assert_eq!(bulkhead.snapshot().admitted, StateWord::MANY + 3000);
    assert!(!bulkhead.inner().word().has_many_admitted());
    assert!(bulkhead.is_idle());
}

#[test]
fn idle_is_neither_running_nor_waiting() {
    let bulkhead = waiting(|b| b.max_concurrent(1));
    assert!(bulkhead.is_idle());
    let held = take(bulkhead.inner());
    assert!(!bulkhead.is_idle());
    let ticket = queue(bulkhead.inner(), Waker::noop());
    drop(held);
    assert!(!bulkhead.is_idle(), "the waiter has the slot");
    drop(ticket);
    assert!(bulkhead.is_idle());
}

#[test]
fn waker_that_panics_keeps_no_other_waiter_from_its_slot() {
    struct Panicking;
    impl Wake for Panicking {
        fn wake(self: Arc<Self>) {
            panic!("a waker of foreign code");
        }
    }
    let bulkhead = waiting(|b| b.max_concurrent(1).max_queue(2));
    let held = take(bulkhead.inner());
    let first = queue(bulkhead.inner(), &Waker::from(Arc::new(Panicking)));
    let mut second = queue(bulkhead.inner(), Waker::noop());
    bulkhead.set_max_concurrent(3).unwrap();
    assert!(second.poll(Waker::noop()).is_ready());
    drop((held, first, second));
    assert!(bulkhead.is_idle());
}

#[test]
fn latest_waker_of_a_waiter_is_woken() {
    #[derive(Default)]
    struct Counting(AtomicUsize);
    impl Wake for Counting {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let bulkhead = waiting(|b| b.max_concurrent(1));
    let held = take(bulkhead.inner());
    let [old, new] = [0, 1].map(|_| Arc::new(Counting::default()));
    let mut ticket = queue(bulkhead.inner(), &Waker::from(Arc::clone(&old)));
    assert!(ticket.poll(&Waker::from(Arc::clone(&new))).is_pending());
    drop(held);
    let woken = [&old, &new].map(|waker| waker.0.load(Ordering::Relaxed));
    assert_eq!(woken, [0, 1]);
    assert_eq!(Arc::strong_count(&old), 1, "the replaced waker is dropped");
    assert!(matches!(ticket.poll(Waker::noop()), Poll::Ready(Some(_))));
}

#[test]
fn waiter_can_be_removed_from_anywhere_in_the_queue() {
    for removed in 0..4 {
        let mut queue = Queue::new();
        let places = [0, 1, 2, 3].map(|n| queue.push(n));
        assert_eq!(queue.remove(places[removed]), Removed::Waiting(removed));
        queue.push(4);
        let mut left = Vec::new();
        while let Some(next) = queue.grant_first() {
            left.push(next);
        }
        let expected: Vec<_> = (0..5).filter(|n| *n != removed).collect();
        assert_eq!((left, queue.waiting()), (expected, 0));
    }
}

#[test]
fn places_in_the_queue_are_used_again() {
    let mut queue = Queue::new();
    let first = queue.push('a');
    queue.push('b');
    assert_eq!(queue.grant_first(), Some('a'));
    assert_eq!(queue.waker_mut(first), None);
    assert_eq!(queue.remove(first), Removed::Granted);
    assert_eq!(queue.push('c'), first);
    assert_eq!(
        (queue.grant_first(), queue.grant_first()),
        (Some('b'), Some('c'))
    );
}

#[test]
fn limits_move_by_the_constants_of_their_source() {
    let rules = Aimd { min: 1, max: 200 };
    let fall = std::iter::successors(Some(100), |limit| Some(rules.lowered(*limit)));
    assert_eq!(
        fall.take(8).collect::<Vec<_>>(),
        [100, 90, 81, 72, 64, 57, 51, 45]
    );
    let low = std::iter::successors(Some(5), |limit| Some(rules.lowered(*limit)));
    assert_eq!(low.take(6).collect::<Vec<_>>(), [5, 4, 3, 2, 1, 1]);
    assert_eq!(rules.raised(10, 9), None);
    assert_eq!(rules.raised(10, 10), Some(11));
    assert_eq!(rules.raised(200, 1000), None);
    assert!(rules.is_utilised(5, 10) && !rules.is_utilised(4, 10));
    assert!(rules.is_utilised(5, 9) && !rules.is_utilised(200, 200));
}

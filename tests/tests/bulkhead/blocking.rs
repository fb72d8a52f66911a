//! Waits that block the thread.

use crate::support::{During, SECOND, single};
use gardefou::{
    AppError,
    bulkhead::{Bulkhead, BulkheadBuilder},
    call,
    time::{Clock, ManualClock, Tick},
    timeout::Timeout,
};
use gardefou_tests::testkit::poll::poll_once;
use std::{pin::pin, thread, time::Duration};

fn simulated(clock: impl Clock) -> BulkheadBuilder {
    Bulkhead::builder("svc")
        .max_concurrent(1)
        .max_wait(10 * SECOND)
        .clock(clock)
}

#[test]
fn wait_on_a_simulated_clock_moves_it_on() {
    let clock = ManualClock::new();
    let bulkhead = simulated(clock.clone()).build().unwrap();
    let _running = bulkhead.acquire().unwrap();
    assert_eq!(clock.now(), Tick::ZERO, "a free slot needs no wait");
    assert!(bulkhead.acquire().is_err());
    assert_eq!(clock.now(), Tick::ZERO.after(10 * SECOND));
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.rejected.timed_out, snapshot.queued), (1, 0));
    assert_eq!(snapshot.longest_wait, 10 * SECOND);
}

#[test]
fn slot_that_becomes_free_during_the_wait_is_taken() {
    let clock = During::default();
    let bulkhead = simulated(clock.clone()).build().unwrap();
    clock.drop_during_wait(bulkhead.acquire().unwrap());
    let mut runs = 0;
    bulkhead
        .call(|| {
            runs += 1;
            Ok::<_, AppError>(())
        })
        .unwrap();
    assert_eq!((runs, bulkhead.snapshot().admitted), (1, 2));
    assert_eq!(bulkhead.snapshot().in_flight, 0);
}

#[test]
fn deadline_of_the_call_shortens_the_wait() {
    let clock = ManualClock::new();
    let bulkhead = simulated(clock.clone()).build().unwrap();
    let timeout = Timeout::builder("outer")
        .limit(3 * SECOND)
        .clock(clock.clone())
        .build()
        .unwrap();
    let _running = bulkhead.acquire().unwrap();
    let outcome = timeout.call(|| bulkhead.call(|| Ok::<_, AppError>(call::remaining())));
    assert!(outcome.is_err());
    assert_eq!(clock.now(), Tick::ZERO.after(3 * SECOND));
}

#[test]
fn call_without_time_left_does_not_wait_and_takes_a_free_slot() {
    let clock = ManualClock::new();
    let bulkhead = simulated(clock.clone()).build().unwrap();
    let timeout = Timeout::builder("outer")
        .limit(SECOND)
        .clock(clock.clone())
        .build()
        .unwrap();
    let outcome = timeout.call(|| {
        clock.advance(SECOND);
        let running = bulkhead.acquire().unwrap();
        assert!(bulkhead.acquire().is_err());
        drop(running);
        Ok::<_, AppError>(())
    });
    outcome.unwrap();
    assert_eq!(clock.now(), Tick::ZERO.after(SECOND));
    assert_eq!(bulkhead.snapshot().rejected.timed_out, 1);
}

#[test]
fn thread_that_waits_is_woken_by_a_release() {
    let bulkhead = single();
    let running = bulkhead.acquire().unwrap();
    let there = bulkhead.clone();
    let waiter = thread::spawn(move || there.call(|| Ok::<_, AppError>(5)));
    while bulkhead.snapshot().queued == 0 {
        thread::yield_now();
    }
    drop(running);
    assert_eq!(waiter.join().unwrap().unwrap(), 5);
    assert_eq!(bulkhead.snapshot().in_flight, 0);
}

#[test]
fn wait_in_real_time_ends() {
    let bulkhead = Bulkhead::builder("svc")
        .max_concurrent(1)
        .max_wait(Duration::from_millis(1))
        .build()
        .unwrap();
    let _running = bulkhead.acquire().unwrap();
    assert!(bulkhead.acquire().is_err());
    assert!(bulkhead.snapshot().longest_wait >= Duration::from_millis(1));
}

#[tokio::test]
async fn threads_and_futures_wait_in_one_queue() {
    let bulkhead = Bulkhead::builder("svc")
        .max_concurrent(1)
        .max_wait(100 * SECOND)
        .max_queue(3)
        .build()
        .unwrap();
    let running = bulkhead.try_acquire().unwrap();
    let mut first = pin!(bulkhead.acquire_async());
    assert!(poll_once(first.as_mut()).is_pending());
    let there = bulkhead.clone();
    let thread = thread::spawn(move || there.acquire());
    while bulkhead.snapshot().queued < 2 {
        thread::yield_now();
    }
    let mut third = pin!(bulkhead.acquire_async());
    assert!(poll_once(third.as_mut()).is_pending());
    drop(running);
    assert!(poll_once(third.as_mut()).is_pending());
    assert_eq!(bulkhead.snapshot().queued, 2, "the thread still waits");
    drop(first.await.unwrap());
    assert!(poll_once(third.as_mut()).is_pending());
    drop(thread.join().unwrap().unwrap());
    assert!(poll_once(third.as_mut()).is_ready());
}

#[test]
fn call_that_enters_its_own_bulkhead_again_is_rejected_after_its_wait() {
    let bulkhead = simulated(ManualClock::new()).build().unwrap();
    let outcome = bulkhead.call(|| bulkhead.call(|| Ok::<_, AppError>(())));
    assert!(outcome.is_err());
    assert_eq!(bulkhead.snapshot().in_flight, 0);
}

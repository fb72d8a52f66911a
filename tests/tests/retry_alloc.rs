//! Allocations of a retry: none where the first attempt succeeds, sync and async; one after a
//! failure, apart from user code, timers, and the texts of earlier errors where an `AppError` or a
//! callback takes them.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use allocation_counter::measure;
use gardefou::{
    AppError,
    retry::{Backoff, Next, Retry, RetryBudget},
    time::ManualClock,
};
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

fn allocations(run: impl FnMut()) -> u64 {
    let mut run = run;
    // Once before, for what is made lazily: the clock's origin, the thread's random numbers.
    run();
    measure(run).count_total
}

fn poll_once<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it had nothing to wait for"),
    }
}

fn every_kind() -> [Retry; 3] {
    let budget = RetryBudget::builder().build().unwrap();
    [
        Retry::builder().build().unwrap(),
        Retry::builder()
            .max_elapsed(Duration::from_secs(5))
            .build()
            .unwrap(),
        Retry::builder()
            .budget(budget)
            .retry_if(|_: &AppError| true)
            .on_retry(|_| {})
            .build()
            .unwrap(),
    ]
}

#[test]
fn first_success_allocates_nothing() {
    for retry in every_kind() {
        assert_eq!(
            allocations(|| assert!(retry.call(|| Ok::<_, AppError>(1)).is_ok())),
            0,
            "{retry:?}"
        );
    }
}

#[test]
fn async_first_success_allocates_nothing() {
    for retry in every_kind() {
        let call = || assert!(poll_once(retry.call_async(async || Ok::<_, AppError>(1))).is_ok());
        assert_eq!(allocations(call), 0, "{retry:?}");
    }
}

#[test]
fn loop_in_place_allocates_nothing() {
    let retry = Retry::builder().build().unwrap();
    let one = || {
        let mut run = retry.start();
        assert_eq!(run.after(&mut Ok::<_, AppError>(1)), Next::Return);
    };
    assert_eq!(allocations(one), 0);
}

#[test]
fn first_failure_without_observers_allocates_once_and_later_ones_nothing() {
    let delays = Backoff::exponential(Duration::from_secs(1));
    for retries in [0, 1, 9] {
        let builder = Retry::builder()
            .backoff(delays.clone())
            .max_retries(retries);
        let retry = builder.clock(ManualClock::new()).build().unwrap();
        assert_eq!(
            allocations(|| assert!(retry.call(|| Err::<(), _>("down")).is_err())),
            1,
            "{retries}"
        );
    }
}

#[test]
fn allocations_are_counted() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

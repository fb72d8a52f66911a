//! Allocations of a retry: none where the first attempt succeeds, sync and async; one after a
//! failure, apart from user code, timers, and the texts of earlier errors where an `AppError` or a
//! callback takes them.

use crate::allocations;
use gardefou::{
    AppError,
    retry::{Backoff, Next, Retry, RetryBudget},
    time::ManualClock,
};
use gardefou_tests::testkit::{child::in_own_process, poll::ready};
use std::time::Duration;

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
        let call = || assert!(ready(retry.call_async(async || Ok::<_, AppError>(1))).is_ok());
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
    // Other tests of this binary have observers.
    in_own_process(|| {
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
    });
}

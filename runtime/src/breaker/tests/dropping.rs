//! Dropped futures, whose guards know why they drop them.

use crate::{
    AppError,
    breaker::{classifier::ErrorClassifier, handle::CircuitBreaker, snapshot::CallCounts},
    call::{self, DropReason},
    time::{Lag, ManualClock},
};
use std::{
    future::{Future, pending},
    task::{Context, Waker},
    thread,
    time::Duration,
};

/// Ends a call that was pending for a minute, on behalf of a guard.
fn drop_reason(drop_reason: DropReason) -> CallCounts {
    let clock = ManualClock::new();
    let breaker = CircuitBreaker::builder("ended-by")
        .clock(clock.clone())
        .build()
        .unwrap();
    {
        let call = breaker
            .admit()
            .unwrap()
            .guard(ErrorClassifier, pending::<Result<(), AppError>>());
        let mut call = Box::pin(call);
        assert!(
            call.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        clock.advance(Duration::from_secs(60));
        // Another call succeeds meanwhile.
        breaker.try_acquire().unwrap().success();
        call::drop_for(drop_reason, || drop(call));
    }
    breaker.snapshot().counts
}

#[test]
fn drop_by_a_guard_counts_by_its_reason() {
    let count = |by| (drop_reason(by).failure, drop_reason(by).abandoned);
    assert_eq!(
        count(DropReason::TimedOut),
        (1, 0),
        "whatever other calls did"
    );
    assert_eq!(count(DropReason::CutShort), (0, 0));
    assert_eq!(count(DropReason::Caller), (0, 0), "another call succeeded");
}

/// Returns the failures after a permit was held for a minute and dropped, which was acquired beside a
/// success `before` it. The breaker reads a coarse clock.
fn failures_of_held(before: impl FnOnce(&CircuitBreaker, &ManualClock)) -> u64 {
    let step = Duration::from_millis(4);
    Lag::set(Some(Lag {
        step,
        behind: Duration::ZERO,
    }));
    let clock = ManualClock::new();
    clock.advance(step);
    let breaker = CircuitBreaker::builder("held")
        .clock(clock.clone())
        .build()
        .unwrap();
    breaker.try_acquire().unwrap().ignore();
    before(&breaker, &clock);
    let held = breaker.try_acquire().unwrap();
    clock.advance(Duration::from_secs(60));
    drop(held);
    Lag::set(None);
    breaker.snapshot().counts.failure
}

fn succeed(breaker: &CircuitBreaker) {
    breaker.try_acquire().unwrap().success();
}

#[test]
fn success_of_the_same_thread_before_a_held_permit_is_none_meanwhile() {
    assert_eq!(failures_of_held(|breaker, _| succeed(breaker)), 1);
}

#[test]
fn success_of_another_thread_counts_as_meanwhile_within_a_step_alone() {
    let elsewhere = |breaker: &CircuitBreaker| {
        thread::scope(|scope| scope.spawn(|| succeed(breaker)).join().unwrap());
    };
    assert_eq!(failures_of_held(|breaker, _| elsewhere(breaker)), 0);
    let a_step_earlier = |breaker: &CircuitBreaker, clock: &ManualClock| {
        elsewhere(breaker);
        clock.advance(Duration::from_millis(4));
    };
    assert_eq!(failures_of_held(a_step_earlier), 1);
}

#[test]
fn success_while_a_permit_is_held_counts_on_every_thread() {
    let step = Duration::from_millis(4);
    Lag::set(Some(Lag {
        step,
        behind: Duration::ZERO,
    }));
    for is_elsewhere in [false, true] {
        let clock = ManualClock::new();
        clock.advance(step);
        let breaker = CircuitBreaker::builder("held")
            .clock(clock.clone())
            .build()
            .unwrap();
        let held = breaker.try_acquire().unwrap();
        if is_elsewhere {
            thread::scope(|scope| scope.spawn(|| succeed(&breaker)).join().unwrap());
        } else {
            succeed(&breaker);
        }
        clock.advance(Duration::from_secs(60));
        thread::scope(|scope| scope.spawn(|| drop(held)).join().unwrap());
        assert_eq!(breaker.snapshot().counts.failure, 0);
    }
    Lag::set(None);
}

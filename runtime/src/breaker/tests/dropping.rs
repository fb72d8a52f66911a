//! Dropped futures, whose guards know why they drop them.

use crate::{
    AppError,
    breaker::{classifier::ErrorClassifier, handle::CircuitBreaker, snapshot::CallCounts},
    call::{self, DropReason},
    time::ManualClock,
};
use std::{
    future::{Future, pending},
    task::{Context, Waker},
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

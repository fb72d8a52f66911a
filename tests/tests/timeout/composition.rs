//! Timeouts around and inside other guards.

use gardefou::{
    AppError, ErrorCode,
    breaker::{CircuitBreaker, CircuitState},
    retry::Retry,
    timeout::Timeout,
};
use std::{
    future::pending,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

fn timeout(seconds: u64) -> Timeout {
    Timeout::builder("fetch")
        .limit(Duration::from_secs(seconds))
        .build()
        .unwrap()
}

fn breaker(name: &str) -> CircuitBreaker {
    CircuitBreaker::builder(name.to_owned())
        .failure_threshold(1)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn limit_inside_a_retry_is_of_each_attempt() {
    let runs = AtomicU32::new(0);
    let retry = Retry::builder()
        .max_retries(2)
        .initial_delay(Duration::ZERO)
        .build()
        .unwrap();
    let timeout = timeout(1);
    let outcome = retry
        .call_async(|| {
            timeout.call_async(|| async {
                if runs.fetch_add(1, Ordering::Relaxed) < 2 {
                    pending::<()>().await;
                }
                Ok::<_, AppError>(runs.load(Ordering::Relaxed))
            })
        })
        .await;
    assert_eq!(outcome.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn breaker_around_a_limit_counts_one_failure() {
    let (breaker, timeout) = (breaker("around-a-limit"), timeout(1));
    let outcome = breaker
        .call_async(|| timeout.call_async(pending::<Result<(), AppError>>))
        .await;
    assert!(outcome.unwrap_err().is(ErrorCode::TIMEOUT_ERROR));
    assert_eq!(breaker.snapshot().counts.failure, 1);
    assert_eq!(breaker.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn breaker_inside_a_limit_counts_a_failure() {
    let (breaker, timeout) = (breaker("inside-a-limit"), timeout(1));
    let outcome = timeout
        .call_async(|| breaker.call_async(pending::<Result<(), AppError>>))
        .await;
    assert!(outcome.unwrap_err().is(ErrorCode::TIMEOUT_ERROR));
    assert_eq!(
        breaker.state(),
        CircuitState::Open,
        "however long `abandoned_after` is"
    );
}

/// A call that got less than half of its own limit shows nothing about the callee.
#[tokio::test(start_paused = true)]
async fn breaker_inside_a_limit_that_was_cut_short_counts_nothing() {
    let breaker = breaker("cut-short");
    let (outer, inner) = (timeout(1), timeout(10));
    let outcome = outer
        .call_async(|| inner.call_async(|| breaker.call_async(pending::<Result<(), AppError>>)))
        .await;
    assert!(outcome.unwrap_err().is(ErrorCode::TIMEOUT_ERROR));
    assert_eq!(
        (breaker.state(), breaker.snapshot().counts.failure),
        (CircuitState::Closed, 0)
    );
}

/// The function did not run, so that nothing is known about it.
#[test]
fn breaker_around_a_limit_whose_deadline_has_passed_counts_nothing() {
    let clock = gardefou::time::ManualClock::new();
    let limit = |seconds| {
        let builder = Timeout::builder("export").limit(Duration::from_secs(seconds));
        builder.clock(clock.clone()).build().unwrap()
    };
    let breaker = breaker("deadline-has-passed");
    let outcome = limit(2).call(|| {
        clock.advance(Duration::from_secs(2));
        breaker.call(|| limit(1).call(|| Ok::<_, gardefou::Rejection>(())))
    });
    let rejection = outcome.unwrap_err();
    assert!(!rejection.ran());
    assert_eq!(rejection.policy(), gardefou::error::Policy::Timeout);
    assert_eq!(rejection.to_string(), "timeout `export` rejected the call");
    let counts = breaker.snapshot().counts;
    assert_eq!((counts.failure, counts.success, counts.ignored), (0, 0, 1));
}

/// The limit decides that a late value is slow, whatever the breaker's own duration is.
#[test]
fn late_value_is_a_slow_call_for_a_breaker_around_the_limit() {
    let clock = gardefou::time::ManualClock::new();
    let slow_after = |seconds, name: &str| {
        let builder = CircuitBreaker::builder(name.to_owned())
            .slow_call(Duration::from_secs(seconds))
            .count_window(10)
            .min_calls(2);
        builder.clock(clock.clone()).build().unwrap()
    };
    let limit = Timeout::builder("export").limit(Duration::from_secs(2));
    let limit = limit.clock(clock.clone()).build().unwrap();
    let late = || {
        limit.call(|| {
            clock.advance(Duration::from_secs(3));
            Ok::<_, AppError>(())
        })
    };
    let breaker = slow_after(3600, "late-is-slow");
    breaker.call(late).unwrap();
    assert_eq!(breaker.snapshot().counts.slow, 1);
    // Within a boundary and a retry, whose frames pass it on.
    let retry = Retry::builder().clock(clock.clone()).build().unwrap();
    let inner = || gardefou::boundary::error_boundary("late", || retry.call(late));
    breaker.call(inner).unwrap();
    assert_eq!(breaker.snapshot().counts.slow, 2);
    assert_eq!(
        breaker.state(),
        CircuitState::Open,
        "half of the calls and more are slow"
    );
    // A later call on this thread that is in time is not slow.
    let breaker = slow_after(3600, "in-time-is-not-slow");
    breaker
        .call(|| limit.call(|| Ok::<_, AppError>(())))
        .unwrap();
    assert_eq!(breaker.snapshot().counts.slow, 0);
    // A breaker that looks at no slow calls counts a success.
    let breaker = self::breaker("late-without-slow-calls");
    breaker.call(late).unwrap();
    assert_eq!(breaker.snapshot().counts.success, 1);
}

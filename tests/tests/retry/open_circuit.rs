//! Circuits that open by an attempt: no retry around it waits against them.

use crate::support::{RecordingClock, SECOND, doubling};
use gardefou::{
    AppError, ErrorCode,
    boundary::error_boundary,
    breaker::CircuitBreaker,
    call::Context,
    enhanced_error_handling, retry,
    retry::{Retry, RetryBuilder},
    retry_with_circuit_breaker,
    testing::Scope,
    with_circuit_breaker,
};
use gardefou_tests::testkit::poll::ready;
use std::{cell::Cell, time::Duration};

/// A breaker that opens for 100 s at the second failure.
fn breaker(clock: &RecordingClock) -> CircuitBreaker {
    CircuitBreaker::builder("open-circuit")
        .failure_threshold(2)
        .recovery_timeout(SECOND * 100)
        .recovery_jitter(0.0)
        .clock(clock.clone())
        .build()
        .unwrap()
}

fn down() -> AppError {
    AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "down")
}

fn many(clock: &RecordingClock) -> RetryBuilder {
    doubling(clock).max_retries(6)
}

fn built(clock: &RecordingClock) -> (CircuitBreaker, Retry) {
    (breaker(clock), many(clock).build().unwrap())
}

/// The waits of a series in which the circuit opens with the second attempt: one, before it.
const ONE_WAIT: [f64; 1] = [1.0];

#[test]
fn closure_by_hand_does_not_wait() {
    let clock = RecordingClock::default();
    let (breaker, retry) = built(&clock);
    let err = retry
        .call(|| breaker.call(|| Err::<(), _>(down())))
        .unwrap_err();
    assert!(err.is(ErrorCode::CIRCUIT_OPEN_ERROR));
    assert_eq!(clock.slept_seconds(), ONE_WAIT);
}

#[tokio::test(start_paused = true)]
async fn async_closure_by_hand_does_not_wait() {
    let clock = RecordingClock::default();
    let (breaker, retry) = built(&clock);
    let attempt = async || {
        let call = async {
            tokio::task::yield_now().await;
            Err::<(), _>(down())
        };
        breaker.call_async(async || call.await).await
    };
    let err = retry.call_async(attempt).await.unwrap_err();
    assert!(err.is(ErrorCode::CIRCUIT_OPEN_ERROR));
    assert_eq!(clock.slept_seconds(), ONE_WAIT);
}

#[test]
fn permit_by_hand_does_not_wait() {
    let fail: [fn(gardefou::breaker::Permit); 2] = [
        |permit| permit.failure(),
        |permit| permit.failure_because("no route"),
    ];
    for fail in fail {
        let clock = RecordingClock::default();
        let (breaker, retry) = built(&clock);
        let outcome = retry.call(|| {
            fail(breaker.try_acquire()?);
            Err::<(), _>(down())
        });
        assert!(outcome.unwrap_err().is(ErrorCode::CIRCUIT_OPEN_ERROR));
        assert_eq!(clock.slept_seconds(), ONE_WAIT);
    }
}

#[test]
fn delay_that_ends_after_the_open_time_is_waited() {
    let clock = RecordingClock::default();
    let breaker = CircuitBreaker::builder("open-circuit-short")
        .failure_threshold(1)
        .recovery_timeout(SECOND * 3)
        .recovery_jitter(0.0)
        .clock(clock.clone())
        .build()
        .unwrap();
    let runs = Cell::new(0);
    let outcome = many(&clock)
        .initial_delay(SECOND * 3)
        .build()
        .unwrap()
        .call(|| {
            breaker.call(|| {
                runs.set(runs.get() + 1);
                if runs.get() == 3 {
                    Ok(runs.get())
                } else {
                    Err(down())
                }
            })
        });
    assert_eq!(outcome.unwrap(), 3, "each attempt is a probe");
    assert_eq!(clock.slept_seconds(), [3.0, 6.0]);
}

/// The open time is what remains of it when the attempt ends.
#[test]
fn open_time_that_passes_within_the_attempt_counts() {
    let clock = RecordingClock::default();
    let (breaker, retry) = built(&clock);
    let attempts = Cell::new(0);
    let outcome = retry.call(|| {
        attempts.set(attempts.get() + 1);
        if attempts.get() == 4 {
            return Ok(());
        }
        let failed = breaker.call(|| Err::<(), _>(down()));
        clock.advance(SECOND * 99);
        failed
    });
    assert!(outcome.is_ok());
    assert_eq!(attempts.get(), 4);
    assert_eq!(clock.slept_seconds(), [1.0, 2.0, 4.0]);
}

#[test]
fn outer_retry_does_not_wait_either() {
    let clock = RecordingClock::default();
    let breaker = breaker(&clock);
    let inner = doubling(&clock).max_retries(1).build().unwrap();
    let outer = many(&clock).build().unwrap();
    let (mut inner_errors, mut attempts) = (Vec::new(), 0);
    let outcome = outer.call(|| {
        attempts += 1;
        let failed = inner.call(|| breaker.call(|| Err::<(), _>(down())));
        inner_errors.push(failed.as_ref().unwrap_err().code());
        failed
    });
    assert!(outcome.unwrap_err().is(ErrorCode::CIRCUIT_OPEN_ERROR));
    let (own, open) = (
        ErrorCode::EXTERNAL_SERVICE_ERROR,
        ErrorCode::CIRCUIT_OPEN_ERROR,
    );
    assert_eq!((attempts, inner_errors), (2, vec![own, open]));
    assert_eq!(clock.slept_seconds(), ONE_WAIT, "that of the inner one");
}

#[test]
fn failure_that_a_boundary_handled_is_waited_for() {
    let clock = RecordingClock::default();
    let (breaker, retry) = built(&clock);
    let cached = || {
        error_boundary("cache", || breaker.call(|| Err::<(), _>(down()))).or(Ok::<_, AppError>(()))
    };
    let attempts = Cell::new(0);
    let outcome = retry.call(|| {
        attempts.set(attempts.get() + 1);
        let handled = with_a_fallback(&breaker);
        assert!(handled.is_ok());
        if attempts.get() == 4 {
            cached()
        } else {
            Err(down())
        }
    });
    assert!(outcome.is_ok());
    assert_eq!(clock.slept_seconds(), [1.0, 2.0, 4.0]);
}

#[enhanced_error_handling(rethrow = false)]
fn with_a_fallback(breaker: &CircuitBreaker) -> Result<(), AppError> {
    breaker.call(|| Err::<(), _>(down()))
}

#[enhanced_error_handling(catch_panics = true)]
fn that_panics(breaker: &CircuitBreaker) -> Result<(), AppError> {
    breaker.call(|| panic!("broken"))
}

#[test]
fn panic_that_opens_the_circuit_and_is_caught_is_not_waited_for() {
    let clock = RecordingClock::default();
    let (breaker, retry) = built(&clock);
    let err = retry.call(|| that_panics(&breaker)).unwrap_err();
    assert!(err.is(ErrorCode::CIRCUIT_OPEN_ERROR), "{err:?}");
    assert_eq!(clock.slept_seconds(), ONE_WAIT);
}

#[test]
fn failure_on_another_thread_of_the_attempt_counts() {
    let clock = RecordingClock::default();
    let (breaker, retry) = built(&clock);
    let err = retry
        .call(|| {
            let context = Context::current();
            std::thread::scope(|scope| {
                let work = scope.spawn(|| context.run(|| breaker.call(|| Err::<(), _>(down()))));
                work.join().unwrap()
            })
        })
        .unwrap_err();
    assert!(err.is(ErrorCode::CIRCUIT_OPEN_ERROR));
    assert_eq!(clock.slept_seconds(), ONE_WAIT);
}

#[test]
fn circuit_that_others_opened_meanwhile_is_not_waited_for() {
    let clock = RecordingClock::default();
    let (breaker, retry) = built(&clock);
    let mut attempts = 0;
    let outcome = retry.call(|| {
        attempts += 1;
        breaker.call(|| {
            breaker.force_open();
            Err::<(), _>(down())
        })
    });
    assert!(outcome.is_err());
    assert_eq!((attempts, clock.slept()), (2, vec![]));
}

#[test]
fn breaker_in_shadow_is_waited_for() {
    let clock = RecordingClock::default();
    let breaker = CircuitBreaker::builder("open-circuit-shadow")
        .failure_threshold(1)
        .shadow(true)
        .clock(clock.clone())
        .build()
        .unwrap();
    let retry = doubling(&clock).max_retries(2).build().unwrap();
    let err = retry
        .call(|| breaker.call(|| Err::<(), _>(down())))
        .unwrap_err();
    assert!(err.is(ErrorCode::EXTERNAL_SERVICE_ERROR));
    assert_eq!(clock.slept_seconds(), [1.0, 2.0]);
}

/// Defines a function under stacked attributes, one under the combined one, and an async form of
/// each; all fail.
macro_rules! attributes {
    ($($stacked:ident $combined:ident [$($asyncness:ident)?] $name:literal)*) => {$(
        #[retry(max_retries = 6, initial_delay = 1, jitter = false)]
        #[with_circuit_breaker(name = $name, failure_threshold = 2, recovery_timeout = 100, recovery_jitter = 0.0)]
        $($asyncness)? fn $stacked() -> Result<(), AppError> {
            Err(down())
        }

        #[retry_with_circuit_breaker(
            name = $name, max_retries = 6, initial_delay = 1, jitter = false, failure_threshold = 2,
            recovery_timeout = 100, recovery_jitter = 0.0
        )]
        $($asyncness)? fn $combined() -> Result<(), AppError> {
            Err(down())
        }
    )*};
}

attributes! {
    stacked combined [] "open-circuit-attribute"
    stacked_async combined_async [async] "open-circuit-async-attribute"
}

#[retry_with_circuit_breaker(
    name = "open-circuit-limited",
    max_retries = 6,
    initial_delay = 1,
    jitter = false,
    failure_threshold = 2,
    recovery_timeout = 100,
    recovery_jitter = 0.0,
    attempt_timeout = 5
)]
async fn that_hangs() -> Result<(), AppError> {
    std::future::pending().await
}

fn waited(call: impl Fn() -> Result<(), AppError>) -> Duration {
    let scope = Scope::new();
    let start = scope.now();
    let err = scope.run(call).unwrap_err();
    assert!(err.is(ErrorCode::CIRCUIT_OPEN_ERROR), "{err:?}");
    scope.now().since(start)
}

#[test]
fn attributes_do_not_wait() {
    assert_eq!(waited(stacked), SECOND);
    assert_eq!(waited(combined), SECOND);
    assert_eq!(waited(|| ready(stacked_async())), SECOND);
    assert_eq!(waited(|| ready(combined_async())), SECOND);
}

#[tokio::test(start_paused = true)]
async fn attempt_whose_time_limit_opens_the_circuit_is_not_waited_for() {
    let start = tokio::time::Instant::now();
    let err = that_hangs().await.unwrap_err();
    assert!(err.is(ErrorCode::CIRCUIT_OPEN_ERROR), "{err:?}");
    assert_eq!(
        start.elapsed(),
        SECOND * 11,
        "two attempts and the wait between them"
    );
}

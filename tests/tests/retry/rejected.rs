//! Recognition of rejections in errors of any type.

use crate::support::{RecordingClock, doubling};
use gardefou::{
    ErrorCode, Rejection,
    breaker::CircuitBreaker,
    error::Policy,
    retry as retried,
    retry::{Retry, RetryBuilder},
    retry_with_circuit_breaker, with_circuit_breaker,
};
use std::{
    cell::Cell,
    error::Error,
    fmt,
    future::poll_fn,
    task::{Poll, ready},
};

/// Shows the source of its rejection, and so hides the rejection, like `#[error(transparent)]`.
#[derive(Debug)]
enum Transparent {
    Rejected(Rejection),
    Down,
}

impl fmt::Display for Transparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("transparent")
    }
}

impl Error for Transparent {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Rejected(rejection) => rejection.source(),
            Self::Down => None,
        }
    }
}

impl From<Rejection> for Transparent {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// A plain enum.
enum Plain {
    Rejected(#[expect(dead_code, reason = "held as a user holds it")] Rejection),
    Down,
}

impl From<Rejection> for Plain {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// Keeps nothing of the rejection.
#[derive(Debug, PartialEq)]
enum Forgetful {
    Rejected,
    Down,
}

impl From<Rejection> for Forgetful {
    fn from(_: Rejection) -> Self {
        Self::Rejected
    }
}

fn many() -> RetryBuilder {
    doubling(&RecordingClock::default()).max_retries(9)
}

/// How many attempts and runs it takes until a breaker with a threshold of two ends the series.
fn attempts_and_runs<E: From<Rejection> + 'static>(down: fn() -> E) -> (u32, u32) {
    let breaker = CircuitBreaker::builder("rejected-by-hand")
        .failure_threshold(2)
        .build()
        .unwrap();
    let (mut attempts, mut runs) = (0, 0);
    let outcome = many().build().unwrap().call(|| {
        attempts += 1;
        breaker.call(|| {
            runs += 1;
            Err::<(), E>(down())
        })
    });
    assert!(outcome.is_err());
    (attempts, runs)
}

#[test]
fn by_hand_any_error_type_ends_the_series_at_the_open_circuit() {
    assert_eq!(attempts_and_runs(|| Transparent::Down), (3, 2));
    assert_eq!(attempts_and_runs(|| Plain::Down), (3, 2));
    assert_eq!(attempts_and_runs(|| Forgetful::Down), (3, 2));
}

#[test]
fn denied_permit_ends_the_series() {
    let breaker = CircuitBreaker::builder("rejected-permit").build().unwrap();
    breaker.force_open();
    let mut attempts = 0;
    let outcome = many().build().unwrap().call(|| -> Result<(), Plain> {
        attempts += 1;
        breaker.try_acquire()?.success();
        Ok(())
    });
    assert!(outcome.is_err());
    assert_eq!(attempts, 1);
}

#[test]
fn no_predicate_retries_against_an_open_circuit() {
    let breaker = CircuitBreaker::builder("rejected-predicate")
        .build()
        .unwrap();
    breaker.force_open();
    let attempts = Cell::new(0);
    let attempt = || {
        attempts.set(attempts.get() + 1);
        breaker.call(|| Ok::<(), Transparent>(()))
    };
    assert!(
        many()
            .retry_if(|_: &Transparent| true)
            .build()
            .unwrap()
            .call(attempt)
            .is_err()
    );
    assert!(
        many()
            .build()
            .unwrap()
            .call_while(attempt, Result::is_err)
            .is_err()
    );
    assert_eq!(attempts.get(), 2);
}

#[test]
fn retry_around_a_retry_sees_the_rejection_as_well() {
    let breaker = CircuitBreaker::builder("rejected-twice").build().unwrap();
    breaker.force_open();
    let (inner, mut attempts) = (many().build().unwrap(), 0);
    let outcome = many().build().unwrap().call(|| {
        inner.call(|| {
            attempts += 1;
            breaker.call(|| Ok::<(), Plain>(()))
        })
    });
    assert!(outcome.is_err());
    assert_eq!(attempts, 1);
}

#[test]
fn failure_after_a_dropped_rejection_is_retried() {
    let breaker = CircuitBreaker::builder("rejected-then-fallback")
        .build()
        .unwrap();
    breaker.force_open();
    let mut attempts = 0;
    let outcome = many().build().unwrap().call(|| {
        attempts += 1;
        // A copy of the rejection is dropped before the error: that does not matter.
        let answer = breaker.call(|| Ok::<u32, Plain>(1));
        answer.or_else(|_| {
            if attempts < 3 {
                Err(Plain::Down)
            } else {
                Ok(2)
            }
        })
    });
    assert!(matches!(outcome, Ok(2)));
    assert_eq!(attempts, 3);
}

#[test]
fn rejection_before_the_attempt_does_not_end_the_series() {
    let breaker = CircuitBreaker::builder("rejected-before").build().unwrap();
    breaker.force_open();
    let _held = breaker.call(|| Ok::<(), Plain>(()));
    let mut attempts = 0;
    let outcome = many().max_retries(2).build().unwrap().call(|| {
        attempts += 1;
        Err::<(), _>(Plain::Down)
    });
    assert!(outcome.is_err());
    assert_eq!(attempts, 3);
}

#[test]
fn copy_of_the_rejection_can_be_read_and_dropped() {
    struct Copied(#[expect(dead_code, reason = "held as a user holds it")] Rejection);
    impl From<Rejection> for Copied {
        fn from(rejection: Rejection) -> Self {
            drop(rejection.clone());
            Self(rejection)
        }
    }
    assert_eq!(
        attempts_and_runs(|| Copied(crate::support::circuit_open())),
        (1, 1),
        "the error holds a rejection"
    );
}

#[test]
fn attempt_that_was_cut_off_is_no_rejection() {
    let mut attempts = 0;
    let cut_off = || crate::support::rejection(Policy::Timeout, ErrorCode::TIMEOUT_ERROR, None);
    let outcome = many().max_retries(2).build().unwrap().call(|| {
        attempts += 1;
        Err::<(), Plain>(cut_off().into())
    });
    assert!(outcome.is_err());
    assert_eq!(attempts, 3);
}

#[tokio::test]
async fn async_attempts_end_at_the_open_circuit_on_whatever_thread_they_wake() {
    let breaker = CircuitBreaker::builder("rejected-async")
        .failure_threshold(2)
        .build()
        .unwrap();
    let (attempts, runs) = (Cell::new(0), Cell::new(0));
    let outcome = many()
        .build()
        .unwrap()
        .call_async(async || {
            attempts.set(attempts.get() + 1);
            tokio::task::yield_now().await;
            let run = || async {
                runs.set(runs.get() + 1);
                tokio::task::yield_now().await;
                Err::<(), _>(Plain::Down)
            };
            breaker.call_async(run).await
        })
        .await;
    assert!(outcome.is_err());
    assert_eq!((attempts.get(), runs.get()), (3, 2));
}

#[tokio::test]
async fn rejection_that_another_task_holds_ends_no_series() {
    let breaker = CircuitBreaker::builder("rejected-elsewhere")
        .build()
        .unwrap();
    breaker.force_open();
    let attempts = Cell::new(0);
    let retry = Retry::builder()
        .max_retries(2)
        .initial_delay(std::time::Duration::ZERO)
        .build()
        .unwrap();
    let series = retry.call_async(|| {
        attempts.set(attempts.get() + 1);
        async {
            tokio::task::yield_now().await;
            Err::<(), _>(Plain::Down)
        }
    });
    let mut series = std::pin::pin!(series);
    let mut held = Vec::new();
    // Each time that the series waits, another call on the thread is rejected, and its error is
    // kept.
    let outcome = poll_fn(|cx| {
        held.push(breaker.call(|| Ok::<(), Plain>(())));
        Poll::Ready(ready!(series.as_mut().poll(cx)))
    });
    assert!(outcome.await.is_err());
    assert_eq!(attempts.get(), 3);
}

thread_local! {
    static RUNS: Cell<u32> = const { Cell::new(0) };
}

fn runs(call: impl FnOnce()) -> u32 {
    RUNS.set(0);
    call();
    RUNS.get()
}

macro_rules! annotated {
    ($($error:ident: $stacked:ident $a:literal, $joint:ident $b:literal, $stacked_async:ident $c:literal,
       $joint_async:ident $d:literal;)*) => {
        $(
            #[retried(max_retries = 9, initial_delay = 0)]
            #[with_circuit_breaker(name = $a, failure_threshold = 2)]
            fn $stacked() -> Result<(), $error> {
                RUNS.set(RUNS.get() + 1);
                Err($error::Down)
            }

            #[retry_with_circuit_breaker(name = $b, max_retries = 9, initial_delay = 0, failure_threshold = 2)]
            fn $joint() -> Result<(), $error> {
                RUNS.set(RUNS.get() + 1);
                Err($error::Down)
            }

            #[retried(max_retries = 9, initial_delay = 0)]
            #[with_circuit_breaker(name = $c, failure_threshold = 2)]
            async fn $stacked_async() -> Result<(), $error> {
                RUNS.set(RUNS.get() + 1);
                tokio::task::yield_now().await;
                Err($error::Down)
            }

            #[retry_with_circuit_breaker(name = $d, max_retries = 9, initial_delay = 0, failure_threshold = 2)]
            async fn $joint_async() -> Result<(), $error> {
                RUNS.set(RUNS.get() + 1);
                tokio::task::yield_now().await;
                Err($error::Down)
            }
        )*

        #[test]
        fn annotated_functions_stop_at_the_open_circuit_whatever_their_error_type() {
            let block_on = |future: std::pin::Pin<Box<dyn Future<Output = bool>>>| {
                tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
            };
            $(
                assert_eq!(runs(|| assert!($stacked().is_err())), 2, $a);
                assert_eq!(runs(|| assert!($joint().is_err())), 2, $b);
                assert_eq!(runs(|| assert!(block_on(Box::pin(async { $stacked_async().await.is_err() })))), 2, $c);
                assert_eq!(runs(|| assert!(block_on(Box::pin(async { $joint_async().await.is_err() })))), 2, $d);
                for name in [$a, $b, $c, $d] {
                    let breaker = gardefou::circuit_breakers().get(name).unwrap();
                    assert_eq!(breaker.snapshot().counts.rejected, 1, "{name}");
                }
            )*
        }
    };
}

annotated! {
    Transparent: t1 "rejected-t1", t2 "rejected-t2", t3 "rejected-t3", t4 "rejected-t4";
    Plain: p1 "rejected-p1", p2 "rejected-p2", p3 "rejected-p3", p4 "rejected-p4";
    Forgetful: f1 "rejected-f1", f2 "rejected-f2", f3 "rejected-f3", f4 "rejected-f4";
}

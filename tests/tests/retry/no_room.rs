//! Rejections of bulkheads and rate limiters inside an attempt: they are retried.

use crate::support::{RecordingClock, SECOND, doubling, rejection, script};
use gardefou::{
    AppError, ErrorCode, Rejection,
    error::Policy,
    retry::{FailedAttempt, Jitter, Retry, is_retryable},
};
use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

fn full() -> Rejection {
    rejection(Policy::Bulkhead, ErrorCode::CONCURRENCY_LIMIT_ERROR, None)
}

fn limited(wait: Duration) -> Rejection {
    rejection(Policy::RateLimit, ErrorCode::RATE_LIMIT_ERROR, Some(wait))
}

#[derive(Debug)]
struct Source(Rejection);

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("busy")
    }
}

impl std::error::Error for Source {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Shows nothing.
struct Opaque(#[expect(dead_code, reason = "held as a user holds it")] Rejection);

/// Keeps nothing.
#[derive(Debug, PartialEq)]
struct Forgetful;

impl From<Rejection> for Source {
    fn from(rejection: Rejection) -> Self {
        Self(rejection)
    }
}

impl From<Rejection> for Opaque {
    fn from(rejection: Rejection) -> Self {
        Self(rejection)
    }
}

impl From<Rejection> for Forgetful {
    fn from(_: Rejection) -> Self {
        Self
    }
}

/// The waits of a series whose first three attempts a policy rejects.
fn waits<E: From<Rejection> + 'static>(reject: impl Fn() -> Rejection) -> Vec<f64> {
    let clock = RecordingClock::default();
    let retry = doubling(&clock).max_retries(5).build().unwrap();
    let mut attempts = 0;
    let outcome = retry.call(|| {
        attempts += 1;
        if attempts <= 3 {
            return Err(E::from(reject()));
        }
        Ok(attempts)
    });
    assert_eq!(outcome.ok(), Some(4));
    clock.slept_seconds()
}

#[test]
fn full_bulkhead_is_retried_after_the_backoff() {
    let expected = [1.0, 2.0, 4.0];
    assert_eq!(waits::<AppError>(full), expected);
    assert_eq!(waits::<Source>(full), expected);
    assert_eq!(waits::<Opaque>(full), expected);
    assert_eq!(waits::<Forgetful>(full), expected);
}

#[test]
fn spent_rate_limit_is_retried_after_the_longer_of_backoff_and_retry_after() {
    let limited = || limited(SECOND * 3);
    let expected = [3.0, 3.0, 4.0];
    assert_eq!(waits::<AppError>(limited), expected);
    assert_eq!(waits::<Source>(limited), expected);
    assert_eq!(
        waits::<Box<dyn std::error::Error + Send + Sync>>(limited),
        expected
    );
    assert_eq!(
        waits::<Opaque>(limited),
        expected,
        "the frame of the attempt knows it"
    );
}

/// Runs a series that one rejection ends, and returns its waits and the reason.
fn ends(
    wait: Duration,
    retry: impl FnOnce(gardefou::retry::RetryBuilder) -> gardefou::retry::RetryBuilder,
) -> (usize, String) {
    let (clock, reason) = (RecordingClock::default(), Arc::<Mutex<String>>::default());
    let noted = Arc::clone(&reason);
    let retry = retry(doubling(&clock))
        .on_give_up(move |failed: &FailedAttempt<'_>| {
            *noted.lock().unwrap() = failed.stop.unwrap().to_string();
        })
        .build()
        .unwrap();
    let mut attempts = 0;
    let outcome = retry.call(|| {
        attempts += 1;
        Err::<(), _>(Opaque::from(limited(wait)))
    });
    assert!(outcome.is_err());
    assert_eq!(attempts, 1);
    let reason = reason.lock().unwrap().clone();
    (clock.slept().len(), reason)
}

#[test]
fn retry_after_that_does_not_fit_ends_the_series_at_once() {
    let ended = |reason: &str| (0, reason.to_owned());
    assert_eq!(ends(SECOND * 61, |b| b), ended("retry_after"));
    assert_eq!(
        ends(SECOND * 11, |b| b.max_delay(SECOND * 10)),
        ended("retry_after")
    );
    assert_eq!(
        ends(SECOND * 11, |b| b.max_elapsed(SECOND * 10)),
        ended("deadline")
    );
}

#[test]
fn open_circuit_beside_a_full_bulkhead_ends_the_series() {
    for first_is_open in [true, false] {
        let clock = RecordingClock::default();
        let mut attempts = 0;
        let outcome = doubling(&clock).build().unwrap().call(|| {
            attempts += 1;
            let mut both = [crate::support::circuit_open(), full()].map(Opaque::from);
            if !first_is_open {
                both.reverse();
            }
            Err::<(), _>(Box::new(both))
        });
        assert!(outcome.is_err());
        assert_eq!(attempts, 1);
    }
}

/// The function did not run, but its caller may know better.
#[test]
fn predicate_may_refuse_a_rejection() {
    let clock = RecordingClock::default();
    let retry = doubling(&clock)
        .retry_if(|_: &AppError| false)
        .build()
        .unwrap();
    let mut op = script([Err::<(), _>(AppError::from(full()))]);
    assert!(retry.call(&mut op).is_err());
}

#[test]
fn rejections_for_want_of_room_are_retryable() {
    assert!(is_retryable(&full()) && is_retryable(&AppError::from(limited(SECOND))));
    assert!(is_retryable(&Source(full())));
    assert!(!is_retryable(&crate::support::circuit_open()));
}

/// Clients that were asked to wait do not return at once: up to a tenth is added.
#[test]
fn retry_after_is_obeyed_with_a_tenth_of_jitter_on_top() {
    let mut waits = Vec::new();
    for seed in 0..200 {
        let clock = RecordingClock::default();
        let retry = Retry::builder()
            .initial_delay(SECOND)
            .jitter(Jitter::Full)
            .seed(seed)
            .clock(clock.clone())
            .build()
            .unwrap();
        let busy = AppError::new(ErrorCode::RATE_LIMIT_ERROR, "busy").with_retry_after(SECOND * 10);
        assert!(retry.call(script([Err(busy), Ok(())])).is_ok());
        waits.extend(clock.slept_seconds());
    }
    assert!(
        waits.iter().all(|wait| (10.0..=11.0).contains(wait)),
        "{waits:?}"
    );
    let low = waits.iter().filter(|wait| **wait < 10.2).count();
    let high = waits.iter().filter(|wait| **wait > 10.8).count();
    assert!(low > 10 && high > 10, "{low} and {high} of 200");
}

/// The jitter gives way to a limit, and the wait that was asked for does not.
#[test]
fn jitter_on_top_of_a_retry_after_stays_within_every_limit() {
    for seed in 0..50 {
        let clock = RecordingClock::default();
        let retry = Retry::builder()
            .initial_delay(SECOND)
            .seed(seed)
            .max_delay(SECOND * 10)
            .max_elapsed(SECOND * 8)
            .clock(clock.clone())
            .build()
            .unwrap();
        let busy = |wait| AppError::new(ErrorCode::RATE_LIMIT_ERROR, "busy").with_retry_after(wait);
        assert!(retry.call(script([Err(busy(SECOND * 8)), Ok(())])).is_ok());
        assert_eq!(clock.slept_seconds(), [8.0]);
    }
}

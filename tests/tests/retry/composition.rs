//! Composition with other policies.

use crate::support::{RecordingClock, SECOND, doubling, failure, rejection, script};
use gardefou::{
    AppError, ErrorCode, Rejection,
    breaker::{CircuitBreaker, CircuitState},
    error::Policy,
    retry::{Next, Retry, is_retryable},
};
use std::cell::{Cell, RefCell};

/// The verdicts of a guard around one function, each by its letter.
fn watched<'a, T, E>(
    seen: &'a RefCell<String>,
    mut inner: impl FnMut() -> Result<T, E> + 'a,
) -> impl FnMut() -> Result<T, E> + 'a {
    move || {
        let result = inner();
        seen.borrow_mut()
            .push(if result.is_ok() { 'S' } else { 'F' });
        result
    }
}

#[test]
fn guard_inside_the_retry_sees_each_attempt() {
    let seen = RefCell::default();
    let outcome = doubling(&RecordingClock::default())
        .build()
        .unwrap()
        .call(watched(&seen, script([Err(1), Err(2), Ok(3)])));
    assert_eq!((outcome, seen.borrow().as_str()), (Ok(3), "FFS"));
}

#[test]
fn guard_outside_the_retry_sees_one_failure_of_a_whole_series() {
    let (seen, runs) = (RefCell::default(), Cell::new(0));
    let retry = doubling(&RecordingClock::default()).build().unwrap();
    let series = || {
        retry.call(|| {
            runs.set(runs.get() + 1);
            Err::<(), _>("down")
        })
    };
    assert!(watched(&seen, series)().is_err());
    assert_eq!((runs.get(), seen.borrow().as_str()), (4, "F"));
}

#[test]
fn rate_limit_inside_the_retry_ends_the_series_with_its_own_error() {
    let (left, runs) = (Cell::new(3), Cell::new(0));
    let retry = doubling(&RecordingClock::default())
        .max_retries(7)
        .build()
        .unwrap();
    let limited = || -> Result<(), AppError> {
        if left.get() == 0 {
            return Err(
                rejection(Policy::RateLimit, ErrorCode::RATE_LIMIT_ERROR, Some(SECOND)).into(),
            );
        }
        left.set(left.get() - 1);
        runs.set(runs.get() + 1);
        Err(failure(ErrorCode::EXTERNAL_SERVICE_ERROR))
    };
    let err = retry.call(limited).unwrap_err();
    assert_eq!((runs.get(), err.code()), (3, ErrorCode::RATE_LIMIT_ERROR));
}

#[test]
fn fallback_inside_the_retry_hides_the_failure_from_it() {
    let runs = Cell::new(0);
    let outcome = doubling(&RecordingClock::default())
        .build()
        .unwrap()
        .call(|| {
            runs.set(runs.get() + 1);
            Err::<&str, &str>("down").or(Ok::<_, String>("stale copy"))
        });
    assert_eq!((outcome, runs.get()), (Ok("stale copy"), 1));
}

#[test]
fn cache_around_the_retry_keeps_the_good_value_of_the_whole_series() {
    let (runs, mut cache) = (Cell::new(0), None);
    let retry = doubling(&RecordingClock::default()).build().unwrap();
    let mut lookup = || -> Result<i32, &str> {
        if let Some(value) = cache {
            return Ok(value);
        }
        let value = retry.call(|| {
            runs.set(runs.get() + 1);
            if runs.get() < 3 { Err("down") } else { Ok(7) }
        })?;
        cache = Some(value);
        Ok(value)
    };
    assert_eq!((lookup(), lookup(), runs.get()), (Ok(7), Ok(7), 3));
}

#[test]
fn nested_retries_multiply_and_the_error_has_the_innermost_attempts() {
    let runs = Cell::new(0);
    let retry = doubling(&RecordingClock::default())
        .max_retries(1)
        .build()
        .unwrap();
    let inner = || {
        retry.call(|| {
            runs.set(runs.get() + 1);
            Err::<(), _>(failure(ErrorCode::SYNC_ERROR))
        })
    };
    let err = retry.call(inner).unwrap_err();
    assert_eq!((runs.get(), &err.details()["attempts"]), (4, &2.into()));
}

fn breaker(name: &str, threshold: u32, clock: &RecordingClock) -> CircuitBreaker {
    let open_time = SECOND * 100;
    CircuitBreaker::builder(name)
        .failure_threshold(threshold)
        .recovery_timeout(open_time)
        .clock(clock.clone())
        .build()
        .unwrap()
}

fn down() -> AppError {
    failure(ErrorCode::EXTERNAL_SERVICE_ERROR)
}

#[test]
fn breaker_inside_counts_each_attempt_and_ends_the_series_when_it_opens() {
    let (clock, runs) = (RecordingClock::default(), Cell::new(0));
    let breaker = breaker("retry-composition-inside", 3, &clock);
    let retry = doubling(&clock).max_retries(9).build().unwrap();
    let outcome = retry.call(|| {
        breaker.call(|| {
            runs.set(runs.get() + 1);
            Err::<(), _>(down())
        })
    });
    assert!(outcome.unwrap_err().is(ErrorCode::CIRCUIT_OPEN_ERROR));
    assert_eq!((runs.get(), breaker.state()), (3, CircuitState::Open));
    assert_eq!(
        clock.slept_seconds(),
        [1.0, 2.0],
        "it met the open circuit once, and did not wait for that"
    );
}

#[test]
fn two_failures_and_a_success_leave_the_breaker_inside_closed() {
    let clock = RecordingClock::default();
    let breaker = breaker("retry-composition-recovers", 3, &clock);
    let mut op = script([Err(down()), Err(down()), Ok(1)]);
    let outcome = doubling(&clock)
        .build()
        .unwrap()
        .call(|| breaker.call(&mut op));
    assert_eq!(outcome.unwrap(), 1);
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.counts.failure, snapshot.counts.success), (2, 1));
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[test]
fn breaker_outside_counts_one_failure_for_a_whole_series() {
    let (clock, runs) = (RecordingClock::default(), Cell::new(0));
    let breaker = breaker("retry-composition-outside", 2, &clock);
    let retry = doubling(&clock).build().unwrap();
    let series = || {
        retry.call(|| {
            runs.set(runs.get() + 1);
            Err::<(), _>(down())
        })
    };
    assert!(breaker.call(series).is_err());
    assert_eq!(
        (
            runs.get(),
            breaker.state(),
            breaker.snapshot().counts.failure
        ),
        (4, CircuitState::Closed, 1)
    );
}

#[test]
fn series_stops_once_another_caller_opened_the_circuit() {
    let (clock, runs) = (RecordingClock::default(), Cell::new(0));
    let breaker = breaker("retry-composition-under-way", 5, &clock);
    let other = breaker.clone();
    let retry = doubling(&clock)
        .max_retries(9)
        .on_retry(move |_| other.force_open())
        .build()
        .unwrap();
    let outcome = retry.call(|| {
        breaker.call(|| {
            runs.set(runs.get() + 1);
            Err::<(), _>(down())
        })
    });
    assert!(outcome.is_err());
    assert_eq!(runs.get(), 1);
}

#[test]
fn probe_of_a_half_open_circuit_is_one_call() {
    let (clock, runs) = (RecordingClock::default(), Cell::new(0));
    let breaker = breaker("retry-composition-probe", 1, &clock);
    let retry = doubling(&clock).max_retries(5).build().unwrap();
    let call = || {
        retry.call(|| {
            breaker.call(|| {
                runs.set(runs.get() + 1);
                Err::<(), _>(down())
            })
        })
    };
    assert!(call().is_err());
    clock.advance(SECOND * 200);
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
    assert!(call().is_err());
    assert_eq!((runs.get(), breaker.state()), (2, CircuitState::Open));
}

#[test]
fn error_type_of_the_users_own_shows_the_open_circuit_through_its_chain() {
    #[derive(Debug)]
    enum Own {
        Rejected(Rejection),
        Down,
    }
    impl From<Rejection> for Own {
        fn from(rejection: Rejection) -> Self {
            Self::Rejected(rejection)
        }
    }
    impl std::fmt::Display for Own {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("own")
        }
    }
    impl std::error::Error for Own {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            match self {
                Self::Rejected(rejection) => Some(rejection),
                Self::Down => None,
            }
        }
    }
    assert!(is_retryable(&Own::Down));
    let (clock, calls) = (RecordingClock::default(), Cell::new(0));
    let breaker = breaker("retry-composition-own", 2, &clock);
    let retry = doubling(&clock)
        .max_retries(9)
        .retry_if(is_retryable::<Own>)
        .build()
        .unwrap();
    let outcome = retry.call(|| {
        calls.set(calls.get() + 1);
        breaker.call(|| Err::<(), _>(Own::Down))
    });
    assert!(matches!(outcome, Err(Own::Rejected(_))));
    assert_eq!(calls.get(), 3);

    // A loop in place has no frame that gets the rejection: the chain alone shows it.
    let mut rejected = outcome;
    assert!(!is_retryable(rejected.as_ref().unwrap_err()));
    let plain = doubling(&clock).build().unwrap();
    assert!(
        matches!(plain.start().after(&mut rejected), Next::Wait(_)),
        "the type alone shows nothing"
    );
    assert_eq!(retry.start().after(&mut rejected), Next::Return);
}

#[tokio::test(start_paused = true)]
async fn attempt_that_is_cut_off_counts_as_a_failure_of_the_breaker_around_it() {
    let breaker = CircuitBreaker::builder("retry-composition-timeout")
        .failure_threshold(1)
        .build()
        .unwrap();
    let once = Retry::builder()
        .max_retries(0)
        .attempt_timeout(SECOND)
        .build()
        .unwrap();
    let hangs = || once.call_async(std::future::pending::<Result<(), AppError>>);
    assert!(
        breaker
            .call_async(hangs)
            .await
            .unwrap_err()
            .is(ErrorCode::TIMEOUT_ERROR)
    );
    assert_eq!(breaker.state(), CircuitState::Open);
}

//! A retry among other policies: R11, R13; 137, 139, 142, 144, 146.

use crate::support::{Diary, SECOND, doubling, failure, rejection, script};
use gardefou::{AppError, ErrorCode, error::Policy};
use std::cell::{Cell, RefCell};

/// What a guard around one function saw: each verdict by its letter.
fn watched<'a, T, E>(
    seen: &'a RefCell<String>,
    mut inner: impl FnMut() -> Result<T, E> + 'a,
) -> impl FnMut() -> Result<T, E> + 'a {
    move || {
        let result = inner();
        seen.borrow_mut().push(if result.is_ok() { 'S' } else { 'F' });
        result
    }
}

#[test]
fn a_guard_inside_the_retry_sees_each_attempt() {
    let seen = RefCell::default();
    let outcome = doubling(&Diary::default()).build().unwrap().call(watched(&seen, script([Err(1), Err(2), Ok(3)])));
    assert_eq!((outcome, seen.borrow().as_str()), (Ok(3), "FFS"));
}

#[test]
fn a_guard_outside_the_retry_sees_one_failure_of_a_whole_series() {
    let (seen, runs) = (RefCell::default(), Cell::new(0));
    let retry = doubling(&Diary::default()).build().unwrap();
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
fn seven_retries_around_a_rate_limit_of_three_are_three_runs_and_the_limits_own_error() {
    let (left, runs) = (Cell::new(3), Cell::new(0));
    let retry = doubling(&Diary::default()).max_retries(7).build().unwrap();
    let limited = || -> Result<(), AppError> {
        if left.get() == 0 {
            return Err(rejection(Policy::RateLimit, ErrorCode::RATE_LIMIT_ERROR, Some(SECOND)).into());
        }
        left.set(left.get() - 1);
        runs.set(runs.get() + 1);
        Err(failure(ErrorCode::EXTERNAL_SERVICE_ERROR))
    };
    let err = retry.call(limited).unwrap_err();
    assert_eq!((runs.get(), err.code()), (3, ErrorCode::RATE_LIMIT_ERROR));
}

#[test]
fn a_fallback_inside_the_retry_hides_the_failure_from_it() {
    let runs = Cell::new(0);
    let outcome = doubling(&Diary::default()).build().unwrap().call(|| {
        runs.set(runs.get() + 1);
        Err::<&str, &str>("down").or(Ok::<_, String>("stale copy"))
    });
    assert_eq!((outcome, runs.get()), (Ok("stale copy"), 1));
}

#[test]
fn a_cache_around_the_retry_keeps_the_good_value_of_the_whole_series() {
    let (runs, mut cache) = (Cell::new(0), None);
    let retry = doubling(&Diary::default()).build().unwrap();
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
fn a_retry_inside_a_retry_multiplies_and_the_innermost_tells_its_attempts() {
    let runs = Cell::new(0);
    let retry = doubling(&Diary::default()).max_retries(1).build().unwrap();
    let inner = || {
        retry.call(|| {
            runs.set(runs.get() + 1);
            Err::<(), _>(failure(ErrorCode::SYNC_ERROR))
        })
    };
    let err = retry.call(inner).unwrap_err();
    assert_eq!((runs.get(), &err.details()["attempts"]), (4, &2.into()));
}

//! Blocking calls under a limit.

use gardefou::{
    AppError, ErrorCode, Rejection,
    call::{self, Context},
    event::{Event, Severity},
    testing::Scope,
    time::ManualClock,
    timeout::Timeout,
};
use std::{cell::Cell, time::Duration};

const SECOND: Duration = Duration::from_secs(1);

fn timeout(clock: &ManualClock, seconds: u64) -> Timeout {
    let builder = Timeout::builder("export").limit(Duration::from_secs(seconds));
    builder.clock(clock.clone()).build().unwrap()
}

#[test]
fn call_that_ends_in_time_is_unchanged() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let clock = ManualClock::new();
    let timeout = timeout(&clock, 2);
    let outcome = timeout.call(|| {
        clock.advance(2 * SECOND);
        Ok::<_, AppError>("value")
    });
    assert_eq!(outcome.unwrap(), "value");
    let outcome = timeout.call(|| {
        clock.advance(2 * SECOND);
        Err::<(), _>(AppError::new(ErrorCode::DB_QUERY_ERROR, "no such table"))
    });
    let err = outcome.unwrap_err();
    assert!(err.is(ErrorCode::DB_QUERY_ERROR));
    assert!(err.details().is_empty(), "{:?}", err.details());
    assert_eq!(
        scope.monitor().stats().total_errors,
        0,
        "exactly at the limit is in time"
    );
}

#[test]
fn late_value_is_returned_with_one_warning() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let clock = ManualClock::new();
    let outcome = timeout(&clock, 2).call(|| {
        clock.advance(2 * SECOND + Duration::from_nanos(1));
        Ok::<_, AppError>("value")
    });
    assert_eq!(outcome.unwrap(), "value");
    let recent = scope.monitor().stats().recent_errors;
    assert_eq!(recent.len(), 1);
    let record = &recent[0];
    assert_eq!(
        (record.level, record.operation.as_str()),
        (Severity::Warning, "export")
    );
    assert_eq!(record.error_code, "TIMEOUT_ERROR");
}

#[test]
fn late_error_is_kept_with_limit_and_elapsed() {
    let clock = ManualClock::new();
    let fail = || {
        clock.advance(5 * SECOND);
        AppError::new(ErrorCode::DB_QUERY_ERROR, "no such table")
    };
    let err = timeout(&clock, 2)
        .call(|| Err::<(), _>(fail()))
        .unwrap_err();
    assert!(err.is(ErrorCode::DB_QUERY_ERROR));
    assert_eq!(
        (&err.details()["limit"], &err.details()["elapsed"]),
        (&2.0.into(), &5.0.into())
    );
    // An error of another type is returned as it is.
    let outcome = timeout(&clock, 2).call(|| {
        clock.advance(5 * SECOND);
        Err::<(), _>(std::io::Error::from(std::io::ErrorKind::NotFound))
    });
    assert_eq!(outcome.unwrap_err().kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn passed_deadline_rejects_before_the_body_runs() {
    let clock = ManualClock::new();
    let (outer, inner) = (timeout(&clock, 2), timeout(&clock, 1));
    let ran = Cell::new(false);
    let outcome = outer.call(|| {
        clock.advance(2 * SECOND);
        inner.call(|| {
            ran.set(true);
            Ok::<_, AppError>(())
        })
    });
    let err = outcome.unwrap_err();
    assert!(err.is(ErrorCode::TIMEOUT_ERROR) && !ran.get());
    assert_eq!(err.to_problem().status(), 504);
}

#[test]
fn limit_is_the_smaller_of_its_own_and_what_remains() {
    let clock = ManualClock::new();
    let left = |own: u64, spent: u64| {
        let outcome = timeout(&clock, 5).call(|| {
            clock.advance(spent as u32 * SECOND);
            timeout(&clock, own).call(|| Ok::<_, AppError>(call::remaining()))
        });
        outcome.unwrap().unwrap()
    };
    assert_eq!(left(3, 0), 3 * SECOND);
    assert_eq!(left(3, 4), SECOND);
    assert_eq!(left(9, 0), 5 * SECOND);
    assert_eq!(call::remaining(), None, "the deadline ends with its call");
}

#[test]
fn deadline_ends_with_a_panic() {
    let clock = ManualClock::new();
    let timeout = timeout(&clock, 5);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = timeout.call(|| -> Result<(), AppError> { panic!("no") });
    }));
    assert!(panicked.is_err());
    assert_eq!(call::remaining(), None);
}

#[test]
fn errors_may_borrow_nothing_but_the_operation_may() {
    let text = String::from("text");
    let clock = ManualClock::new();
    let borrowed: &str = timeout(&clock, 5)
        .call(|| Ok::<_, Rejection>(text.as_str()))
        .unwrap();
    assert_eq!(borrowed, "text");
}

#[test]
fn deadline_crosses_to_threads_that_get_the_context() {
    let left = Timeout::builder("export")
        .limit(60 * SECOND)
        .build()
        .unwrap()
        .call(|| {
            let context = Context::current();
            Ok::<_, AppError>(
                std::thread::spawn(move || context.run(call::remaining))
                    .join()
                    .unwrap(),
            )
        });
    assert!(left.unwrap().unwrap() <= 60 * SECOND);
}

#[test]
fn warning_of_a_late_value_inside_an_attempt_is_one_record() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let clock = ManualClock::new();
    let timeout = timeout(&clock, 2);
    let retry = gardefou::retry::Retry::builder()
        .max_retries(3)
        .clock(clock.clone())
        .build()
        .unwrap();
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let count = std::sync::Arc::clone(&seen);
    let _observing = gardefou::event::subscribe(move |event: &Event<'_>| {
        if let Event::Error(_) = event {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    });
    let outcome = retry.call(|| {
        timeout.call(|| {
            clock.advance(3 * SECOND);
            Ok::<_, AppError>(())
        })
    });
    outcome.unwrap();
    assert_eq!(scope.monitor().stats().total_errors, 1);
}

//! Number of calls.

use crate::support::{RecordingClock, circuit_open, doubling, failure, script};
use gardefou::{
    AppError, ErrorCode,
    error::{Class, CodeInfo},
    retry::Retry,
};
use std::io;

fn runs_until<E: 'static>(retry: &Retry, error: impl Fn() -> E) -> usize {
    let mut runs = 0;
    let outcome = retry.call(|| {
        runs += 1;
        Err::<(), E>(error())
    });
    assert!(outcome.is_err());
    runs
}

#[test]
fn three_retries_are_three_calls_after_the_first() {
    let clock = RecordingClock::default();
    assert_eq!(
        runs_until(&doubling(&clock).max_retries(3).build().unwrap(), || "down"),
        4
    );
    assert_eq!(clock.slept().len(), 3);
    assert_eq!(
        runs_until(
            &doubling(&clock).max_attempts(3).build().unwrap(),
            || "down"
        ),
        3
    );
    assert_eq!(
        runs_until(&doubling(&clock).build().unwrap(), || "down"),
        4,
        "which is the default"
    );
}

#[test]
fn no_retries_still_call_once_and_return_the_real_error() {
    let clock = RecordingClock::default();
    for retry in [
        doubling(&clock).max_retries(0),
        doubling(&clock).max_attempts(1),
    ] {
        let err = retry.build().unwrap().call(|| Err::<(), _>("the real one"));
        assert_eq!(err, Err("the real one"));
    }
    assert_eq!(clock.slept(), []);
}

#[test]
fn many_attempts_are_counted_correctly() {
    let clock = RecordingClock::default();
    assert_eq!(
        runs_until(
            &doubling(&clock).max_attempts(1100).build().unwrap(),
            || "down"
        ),
        1100
    );
    assert!(
        clock.slept_seconds()[20..]
            .iter()
            .all(|delay| *delay == 60.0)
    );
}

#[test]
fn first_success_neither_waits_nor_emits_events_nor_reads_a_clock() {
    let clock = RecordingClock::default();
    let retry = doubling(&clock)
        .on_retry(|_| panic!("there was no failure"))
        .on_give_up(|_| panic!("nor this"))
        .build();
    assert_eq!(
        retry.unwrap().call(script([Ok::<_, String>("at once")])),
        Ok("at once")
    );
    assert_eq!((clock.slept().len(), clock.reads()), (0, 0));
}

#[test]
fn only_permanent_codes_are_not_retried() {
    let retry = doubling(&RecordingClock::default()).build().unwrap();
    for code in [
        ErrorCode::PERMISSION_ERROR,
        ErrorCode::FILE_NOT_FOUND_ERROR,
        ErrorCode::API_REQUEST_ERROR,
        ErrorCode::DB_INTEGRITY_ERROR,
        ErrorCode::ANALYSIS_DATA_ERROR,
    ] {
        assert_eq!(runs_until(&retry, || failure(code)), 1, "{code}");
    }
    for code in [
        ErrorCode::DB_CONNECTION_ERROR,
        ErrorCode::EXTERNAL_SERVICE_ERROR,
        ErrorCode::TIMEOUT_ERROR,
        ErrorCode::RATE_LIMIT_ERROR,
        ErrorCode::RESOURCE_BUSY_ERROR,
        ErrorCode::UNKNOWN_ERROR,
    ] {
        assert_eq!(runs_until(&retry, || failure(code)), 4, "{code}");
    }
}

#[test]
fn permanent_error_is_recognised_through_wrappers() {
    let retry = doubling(&RecordingClock::default()).build().unwrap();
    let missing = || failure(ErrorCode::FILE_NOT_FOUND_ERROR);
    assert_eq!(
        runs_until(&retry, || io::Error::other(missing())),
        1,
        "an io::Error around it"
    );
    assert_eq!(
        runs_until(&retry, || Box::<dyn std::error::Error>::from(missing())),
        1,
        "a box"
    );
    assert_eq!(
        runs_until(&retry, || Box::<dyn std::error::Error + Send + Sync>::from(
            missing()
        )),
        1,
        "a boxed error"
    );
    let converted = || AppError::from(io::Error::other(missing()));
    assert_eq!(
        runs_until(&retry, converted),
        1,
        "an uncoded error around an io::Error around it"
    );
}

#[test]
fn class_of_an_application_code_decides() {
    static MODEL_VERSION: CodeInfo = CodeInfo::new(
        "MODEL_VERSION_ERROR",
        9212,
        409,
        concat!(file!(), ":", line!()),
    )
    .class(Class::Permanent);
    let retry = doubling(&RecordingClock::default()).build().unwrap();
    assert_eq!(
        runs_until(&retry, || failure(ErrorCode::from_info(&MODEL_VERSION))),
        1
    );
}

#[test]
fn error_that_the_predicate_refuses_is_not_retried() {
    let clock = RecordingClock::default();
    let retry = doubling(&clock)
        .retry_if(|error: &i32| *error >= 500)
        .build()
        .unwrap();
    assert_eq!(runs_until(&retry, || 404), 1);
    assert_eq!(runs_until(&retry, || 503), 4);
    assert_eq!(
        runs_until(&retry, || "another type"),
        4,
        "the predicate is for its own type alone"
    );
}

#[test]
fn predicate_replaces_the_class_and_the_last_one_counts() {
    let permanent = || failure(ErrorCode::PERMISSION_ERROR);
    let retry = doubling(&RecordingClock::default())
        .retry_if(|error: &AppError| error.is(ErrorCode::PERMISSION_ERROR));
    assert_eq!(runs_until(&retry.build().unwrap(), permanent), 4);
    let retry = doubling(&RecordingClock::default())
        .retry_if(|_: &AppError| true)
        .retry_if(|_: &AppError| false);
    assert_eq!(runs_until(&retry.build().unwrap(), permanent), 1);
}

#[test]
fn rejection_of_an_inner_policy_ends_the_series_for_every_predicate() {
    let clock = RecordingClock::default();
    let retry = doubling(&clock)
        .retry_if(|_: &AppError| true)
        .build()
        .unwrap();
    assert_eq!(runs_until(&retry, || AppError::from(circuit_open())), 1);
    assert_eq!(runs_until(&retry, circuit_open), 1);
    assert_eq!(runs_until(&retry, || io::Error::from(circuit_open())), 1);
    let wrapped = || {
        AppError::from(circuit_open()).wrap(ErrorCode::EXTERNAL_SERVICE_ERROR, "payments are down")
    };
    assert_eq!(runs_until(&retry, wrapped), 1);
    assert_eq!(clock.slept(), [], "and no wait follows an open circuit");
}

#[test]
fn each_call_counts_from_the_start() {
    let retry = doubling(&RecordingClock::default())
        .max_retries(2)
        .build()
        .unwrap();
    assert_eq!([(); 3].map(|()| runs_until(&retry, || "down")), [3, 3, 3]);
}

#[test]
fn success_ends_the_series() {
    let clock = RecordingClock::default();
    let outcome = doubling(&clock)
        .build()
        .unwrap()
        .call(script([Err("1"), Err("2"), Ok(3)]));
    assert_eq!((outcome, clock.slept_seconds()), (Ok(3), vec![1.0, 2.0]));
}

//! Callbacks and their arguments.

use crate::support::{RecordingClock, SECOND, doubling, failure, script};
use gardefou::{
    AppError, ErrorCode,
    event::StopReason,
    retry::{Attempt, FailedAttempt, Next},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

type Recorded = Arc<Mutex<Vec<(u32, Next, Option<StopReason>, Duration, String)>>>;

fn record_into(recorded: &Recorded) -> impl Fn(&FailedAttempt<'_>) + Send + Sync + 'static {
    let recorded = Arc::clone(recorded);
    move |failed| {
        let error = failed.error_as::<String>().cloned().unwrap_or_default();
        assert_eq!(failed.error.to_string(), error);
        recorded.lock().unwrap().push((
            failed.index,
            failed.next,
            failed.stop,
            failed.elapsed,
            error,
        ));
    }
}

#[test]
fn on_retry_gets_attempt_delay_error_and_time() {
    let recorded = Recorded::default();
    let retry = doubling(&RecordingClock::default())
        .max_retries(2)
        .on_retry(record_into(&recorded))
        .build()
        .unwrap();
    let errors = ["a", "b", "c"].map(|text| Err::<(), _>(text.to_owned()));
    assert!(retry.call(script(errors)).is_err());
    let expected = [
        (0, Next::Wait(SECOND), None, Duration::ZERO, "a".to_owned()),
        (1, Next::Wait(SECOND * 2), None, SECOND, "b".to_owned()),
    ];
    assert_eq!(
        *recorded.lock().unwrap(),
        expected,
        "once for each retry, and not for the last failure"
    );
}

#[test]
fn on_give_up_gets_the_last_failure() {
    let recorded = Recorded::default();
    let retry = doubling(&RecordingClock::default())
        .max_retries(1)
        .on_give_up(record_into(&recorded))
        .build()
        .unwrap();
    assert!(
        retry
            .call(script(["a", "b"].map(|text| Err::<(), _>(text.to_owned()))))
            .is_err()
    );
    let expected = [(
        1,
        Next::Return,
        Some(StopReason::Exhausted),
        SECOND,
        "b".to_owned(),
    )];
    assert_eq!(*recorded.lock().unwrap(), expected);
}

#[test]
fn own_delays_are_computed_from_the_attempt_and_its_error_and_replace_the_backoff() {
    let clock = RecordingClock::default();
    let computed = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&computed);
    let retry = doubling(&clock)
        .max_retries(3)
        .delay(|_: Attempt, _: &AppError| -> Duration { panic!("the error is of another type") })
        .delay(move |attempt: Attempt, error: &&str| {
            sink.lock()
                .unwrap()
                .push((attempt.index, attempt.max_attempts));
            (*error != "by the backoff").then(|| SECOND * 10 * (attempt.index + 1))
        })
        .build()
        .unwrap();
    assert!(
        retry
            .call(script(
                ["a", "by the backoff", "c", "last"].map(Err::<(), _>)
            ))
            .is_err()
    );
    assert_eq!(clock.slept_seconds(), [10.0, 2.0, 30.0]);
    assert_eq!(
        *computed.lock().unwrap(),
        [(0, 4), (1, 4), (2, 4)],
        "not after the last attempt"
    );
}

#[test]
fn own_delays_respect_max_delay_retry_after_and_deadlines() {
    let clock = RecordingClock::default();
    let build = |delay: Duration| {
        let retry = doubling(&clock)
            .max_retries(1)
            .max_delay(SECOND * 20)
            .max_elapsed(SECOND * 30);
        retry.delay(move |_, _: &AppError| delay).build().unwrap()
    };
    let rate_limited =
        |wait| Err::<(), _>(failure(ErrorCode::RATE_LIMIT_ERROR).with_retry_after(wait));
    let _ = build(Duration::MAX).call(|| Err::<(), _>(failure(ErrorCode::SYNC_ERROR)));
    let _ = build(SECOND).call(|| rate_limited(SECOND * 7));
    let _ = build(Duration::ZERO).call(|| Err::<(), _>(failure(ErrorCode::SYNC_ERROR)));
    assert_eq!(clock.slept_seconds(), [20.0, 7.0], "zero starts no timer");
    let late = doubling(&clock)
        .max_elapsed(SECOND * 5)
        .delay(|_, _: &AppError| SECOND * 6)
        .build()
        .unwrap();
    let error = late
        .call(|| Err::<(), _>(failure(ErrorCode::SYNC_ERROR)))
        .unwrap_err();
    assert_eq!(error.details()["retry_stopped_by"], "deadline");
}

#[test]
fn no_delay_is_computed_for_an_error_that_is_not_retried_nor_for_a_refused_value() {
    let clock = RecordingClock::default();
    let delay = |_: Attempt, _: &AppError| -> Duration { panic!("no wait follows this error") };
    let retry = doubling(&clock)
        .max_retries(1)
        .delay(delay)
        .build()
        .unwrap();
    assert!(
        retry
            .call(|| Err::<(), _>(failure(ErrorCode::PERMISSION_ERROR)))
            .is_err()
    );
    let polled = retry.call_while(
        || Ok::<_, AppError>("pending"),
        |outcome| matches!(outcome, Ok("pending")),
    );
    assert_eq!(polled.unwrap(), "pending");
    assert_eq!(clock.slept_seconds(), [1.0]);
}

#[test]
fn on_give_up_gets_the_reason() {
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&reasons);
    let retry = doubling(&RecordingClock::default())
        .retry_if(|error: &&str| *error != "refused")
        .on_retry(|_| panic!("no retry"))
        .on_give_up(move |failed| sink.lock().unwrap().push(failed.stop.unwrap()))
        .build()
        .unwrap();
    assert!(retry.call(|| Err::<(), _>("refused")).is_err());
    assert!(
        retry
            .call(|| Err::<(), _>(failure(ErrorCode::PERMISSION_ERROR)))
            .is_err()
    );
    assert!(
        retry
            .call(|| Err::<(), _>(crate::support::circuit_open()))
            .is_err()
    );
    assert_eq!(
        *reasons.lock().unwrap(),
        [
            StopReason::Refused,
            StopReason::Permanent,
            StopReason::Rejected
        ]
    );
}

#[test]
fn panic_of_a_callback_is_contained() {
    let clock = RecordingClock::default();
    let retry = doubling(&clock)
        .on_retry(|_| panic!("a faulty hook"))
        .on_give_up(|_| panic!("and another"))
        .build();
    let outcome = retry
        .unwrap()
        .call(|| Err::<(), _>(failure(ErrorCode::SYNC_ERROR)));
    assert_eq!(outcome.unwrap_err().details()["attempts"], 4);
    assert_eq!(clock.slept().len(), 3);
}

#[test]
fn predicate_that_panics_ends_the_call_with_that_panic() {
    let retry = doubling(&RecordingClock::default())
        .retry_if(|_: &AppError| panic!("a faulty predicate"))
        .build()
        .unwrap();
    let call = || retry.call(|| Err::<(), _>(failure(ErrorCode::SYNC_ERROR)));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"a faulty predicate"));
    assert_eq!(retry.call(|| Ok::<_, AppError>(1)).unwrap(), 1);
}

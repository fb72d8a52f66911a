//! What callbacks are told.

use crate::support::{Diary, SECOND, doubling, failure, script};
use gardefou::{
    AppError, ErrorCode,
    event::StopReason,
    retry::{Attempt, FailedAttempt, Next},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

type Told = Arc<Mutex<Vec<(u32, Next, Option<StopReason>, Duration, String)>>>;

fn writes_down(told: &Told) -> impl Fn(&FailedAttempt<'_>) + Send + Sync + 'static {
    let told = Arc::clone(told);
    move |failed| {
        let error = failed.error_as::<String>().cloned().unwrap_or_default();
        assert_eq!(failed.error.to_string(), error);
        told.lock().unwrap().push((
            failed.index,
            failed.next,
            failed.stop,
            failed.elapsed,
            error,
        ));
    }
}

#[test]
fn a_hook_is_told_the_attempt_from_zero_the_delay_the_error_and_the_time() {
    let told = Told::default();
    let retry = doubling(&Diary::default())
        .max_retries(2)
        .on_retry(writes_down(&told))
        .build()
        .unwrap();
    let errors = ["a", "b", "c"].map(|text| Err::<(), _>(text.to_owned()));
    assert!(retry.call(script(errors)).is_err());
    let expected = [
        (0, Next::Wait(SECOND), None, Duration::ZERO, "a".to_owned()),
        (1, Next::Wait(SECOND * 2), None, SECOND, "b".to_owned()),
    ];
    assert_eq!(
        *told.lock().unwrap(),
        expected,
        "once for each retry, and not for the last failure"
    );
}

#[test]
fn the_last_failure_has_a_hook_of_its_own() {
    let told = Told::default();
    let retry = doubling(&Diary::default())
        .max_retries(1)
        .on_give_up(writes_down(&told))
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
    assert_eq!(*told.lock().unwrap(), expected);
}

#[test]
fn own_delays_are_computed_from_the_attempt_and_its_error_and_replace_the_backoff() {
    let clock = Diary::default();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&asked);
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
        *asked.lock().unwrap(),
        [(0, 4), (1, 4), (2, 4)],
        "not after the last attempt"
    );
}

#[test]
fn own_delays_keep_to_max_delay_to_what_the_callee_asks_for_and_to_deadlines() {
    let clock = Diary::default();
    let build = |delay: Duration| {
        let retry = doubling(&clock)
            .max_retries(1)
            .max_delay(SECOND * 20)
            .max_elapsed(SECOND * 30);
        retry.delay(move |_, _: &AppError| delay).build().unwrap()
    };
    let asks = |wait| Err::<(), _>(failure(ErrorCode::RATE_LIMIT_ERROR).with_retry_after(wait));
    let _ = build(Duration::MAX).call(|| Err::<(), _>(failure(ErrorCode::SYNC_ERROR)));
    let _ = build(SECOND).call(|| asks(SECOND * 7));
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
    let clock = Diary::default();
    let delay = |_: Attempt, _: &AppError| -> Duration { panic!("nobody waits after this error") };
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
fn an_error_that_ends_the_series_by_its_kind_is_told_with_the_reason() {
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&reasons);
    let retry = doubling(&Diary::default())
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
fn a_hook_that_panics_harms_nobody() {
    let clock = Diary::default();
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
fn a_predicate_that_panics_ends_the_call_with_that_panic() {
    let retry = doubling(&Diary::default())
        .retry_if(|_: &AppError| panic!("a faulty predicate"))
        .build()
        .unwrap();
    let call = || retry.call(|| Err::<(), _>(failure(ErrorCode::SYNC_ERROR)));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"a faulty predicate"));
    assert_eq!(retry.call(|| Ok::<_, AppError>(1)).unwrap(), 1);
}

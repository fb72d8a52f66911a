//! Returned outcomes and the details of errors.

use crate::support::{RecordingClock, SECOND, doubling, failure, script};
use gardefou::{
    AppError, ErrorCode,
    retry::{FailedAttempt, Next, Retry},
    time::{Clock, ManualClock, Tick},
};
use std::{
    error::Error,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

#[derive(Debug, PartialEq)]
struct Own {
    attempt: u32,
}

#[test]
fn last_error_has_the_texts_of_the_earlier_ones() {
    let fails = |text: &'static str| Err::<(), _>(AppError::new(ErrorCode::SYNC_ERROR, text));
    let retry = doubling(&RecordingClock::default())
        .max_retries(2)
        .build()
        .unwrap();
    let err = retry
        .call(script([
            fails("refused"),
            fails("reset"),
            fails("timed out"),
        ]))
        .unwrap_err();
    assert_eq!(err.message(), "timed out");
    assert_eq!(
        err.details()["earlier_errors"],
        serde_json::json!(["refused", "reset"])
    );

    let once = retry
        .call(script([Err::<(), _>(failure(
            ErrorCode::FILE_NOT_FOUND_ERROR,
        ))]))
        .unwrap_err();
    assert!(!once.details().contains_key("earlier_errors"));
}

#[test]
fn first_and_latest_earlier_errors_are_kept_and_truncated() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let give_up =
        move |failed: &FailedAttempt<'_>| *sink.lock().unwrap() = failed.earlier_errors.to_vec();
    let retry = doubling(&RecordingClock::default())
        .max_retries(11)
        .on_give_up(give_up)
        .build()
        .unwrap();
    let mut runs = 0;
    let long = "x".repeat(1000);
    let outcome = retry.call(|| {
        runs += 1;
        Err::<(), _>(format!("{runs} {long}"))
    });
    assert!(outcome.is_err());
    let seen = seen.lock().unwrap();
    let heads: Vec<&str> = seen
        .iter()
        .map(|text| text.split_once(' ').unwrap().0)
        .collect();
    assert_eq!(heads, ["1", "5", "6", "7", "8", "9", "10", "11"]);
    assert!(
        seen.iter()
            .all(|text| text.len() <= 256 + '…'.len_utf8() && text.ends_with('…')),
        "{seen:?}"
    );
}

#[test]
fn last_error_is_returned_untouched_in_the_callers_type() {
    let outcome = doubling(&RecordingClock::default())
        .build()
        .unwrap()
        .call_with(|attempt| {
            Err::<(), _>(Own {
                attempt: attempt.index,
            })
        });
    assert_eq!(outcome, Err(Own { attempt: 3 }));
}

#[test]
fn app_error_keeps_code_source_and_identity_and_gets_the_attempts() {
    #[derive(Debug)]
    struct Refused;
    impl fmt::Display for Refused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("connection refused")
        }
    }
    impl Error for Refused {}

    let mut last_id = None;
    let err = doubling(&RecordingClock::default())
        .build()
        .unwrap()
        .call(|| {
            let err = failure(ErrorCode::DB_CONNECTION_ERROR)
                .with_source(Refused)
                .with_detail("port", 5432);
            last_id = Some(err.id());
            Err::<(), _>(err)
        })
        .unwrap_err();
    assert_eq!(
        (err.code(), Some(err.id())),
        (ErrorCode::DB_CONNECTION_ERROR, last_id)
    );
    assert!(err.downcast_ref::<Refused>().is_some());
    assert_eq!(
        (&err.details()["port"], &err.details()["attempts"]),
        (&5432.into(), &4.into())
    );
    assert_eq!(err.details()["elapsed"], 7.0, "seconds: 1 + 2 + 4");
    assert!(!err.details().contains_key("retry_stopped_by"));
}

#[test]
fn elapsed_counts_the_first_attempt_where_the_time_is_limited() {
    let clock = RecordingClock::default();
    let retry = doubling(&clock)
        .max_retries(1)
        .max_elapsed(SECOND * 100)
        .build()
        .unwrap();
    let err = retry.call(|| {
        clock.advance(SECOND * 10);
        Err::<(), _>(failure(ErrorCode::SYNC_ERROR))
    });
    assert_eq!(err.unwrap_err().details()["elapsed"], 21.0);
}

#[test]
fn error_that_is_not_retried_gets_no_details() {
    let err = doubling(&RecordingClock::default())
        .build()
        .unwrap()
        .call(|| Err::<(), _>(failure(ErrorCode::PERMISSION_ERROR)));
    assert!(err.unwrap_err().details().is_empty());
}

#[test]
fn details_that_the_function_gave_are_not_overwritten() {
    let own = || failure(ErrorCode::SYNC_ERROR).with_detail("attempts", "mine");
    let err = doubling(&RecordingClock::default())
        .build()
        .unwrap()
        .call(|| Err::<(), _>(own()))
        .unwrap_err();
    assert_eq!(err.details()["attempts"], "mine");
}

#[test]
fn reason_for_a_short_series_is_in_the_details() {
    let retry = doubling(&RecordingClock::default())
        .max_elapsed(SECOND * 2)
        .build()
        .unwrap();
    let err = retry
        .call(|| Err::<(), _>(failure(ErrorCode::SYNC_ERROR)))
        .unwrap_err();
    assert_eq!(
        (
            &err.details()["attempts"],
            &err.details()["retry_stopped_by"]
        ),
        (&2.into(), &"deadline".into())
    );
}

#[test]
fn result_predicate_retries_on_values_and_returns_the_last() {
    let clock = RecordingClock::default();
    let retry = doubling(&clock).max_retries(2).build().unwrap();
    let pending = |result: &Result<&str, AppError>| matches!(result, Ok("pending"));
    let done = retry.call_while(script([Ok("pending"), Ok("done")]), pending);
    assert_eq!(done.unwrap(), "done");
    let exhausted = retry.call_while(
        script([Ok("pending"), Ok("pending"), Ok("pending")]),
        pending,
    );
    assert_eq!(exhausted.unwrap(), "pending");
    let failed = retry.call_while(
        script([Ok("pending"), Err(failure(ErrorCode::SYNC_ERROR))]),
        pending,
    );
    assert!(
        failed.is_err(),
        "the predicate refused the error: it is not retried"
    );
}

#[test]
fn discarded_results_are_dropped_before_the_wait() {
    #[derive(Debug)]
    struct Held(Arc<AtomicUsize>);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Checks, at each wait, which values are held.
    #[derive(Debug)]
    struct Watch(Arc<AtomicUsize>, ManualClock);
    impl Clock for Watch {
        fn now(&self) -> Tick {
            self.1.now()
        }
        fn sleep(&self, duration: Duration) {
            assert_eq!(
                self.0.load(Ordering::SeqCst),
                0,
                "something is held during the wait"
            );
            self.1.sleep(duration);
        }
    }

    let alive = Arc::new(AtomicUsize::new(0));
    let clock = Watch(Arc::clone(&alive), ManualClock::new());
    let retry = Retry::builder()
        .max_retries(2)
        .clock(clock)
        .build()
        .unwrap();
    let last = retry.call(|| {
        alive.fetch_add(1, Ordering::SeqCst);
        Err::<(), _>(Held(Arc::clone(&alive)))
    });
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    drop(last);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

/// The original's `RetryContext` ran its block once, swallowed the error and went on below it.
#[test]
fn loop_in_place_runs_the_block_again_and_returns_only_the_outcome() {
    let clock = RecordingClock::default();
    let retry = doubling(&clock).max_retries(2).build().unwrap();
    let mut log = vec![];

    fn in_place(
        retry: &Retry,
        log: &mut Vec<u32>,
        good: u32,
        clock: &RecordingClock,
    ) -> Result<u32, u32> {
        let mut run = retry.start();
        loop {
            let index = run.attempt().index;
            log.push(index); // borrows mutably from outside, as a closure could not across attempts
            let mut result = if index == good { Ok(index) } else { Err(index) };
            match run.after(&mut result) {
                Next::Return => return result,
                Next::Wait(delay) => run.wait(delay),
            }
            assert!(clock.slept().len() as u32 > index);
        }
    }
    assert_eq!(in_place(&retry, &mut log, 1, &clock), Ok(1));
    assert_eq!(in_place(&retry, &mut log, 9, &clock), Err(2));
    assert_eq!(log, [0, 1, 0, 1, 2]);
}

#[test]
fn panic_of_the_function_goes_through_and_leaves_the_retry_usable() {
    let retry = doubling(&RecordingClock::default()).build().unwrap();
    let mut runs = 0;
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        retry.call(|| -> Result<(), &str> {
            runs += 1;
            panic!("a bug")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(runs, 1);
    assert_eq!(retry.call(|| Ok::<_, String>(1)), Ok(1));
}

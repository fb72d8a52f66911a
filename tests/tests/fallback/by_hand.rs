//! `Fallback` by hand.

use gardefou::{
    AppError, ErrorCode, breaker::CircuitBreaker, enhanced_error_handling, event::Severity,
    fallback::Fallback, retry::Retry, testing::Scope, time::ManualClock,
};
use std::{cell::Cell, future::pending};

fn down() -> Result<u32, AppError> {
    Err(AppError::new(
        ErrorCode::EXTERNAL_SERVICE_ERROR,
        "no answer",
    ))
}

#[enhanced_error_handling]
fn reported() -> Result<u32, AppError> {
    down()
}

#[enhanced_error_handling]
fn reported_text() -> Result<u32, String> {
    Err("no answer".to_owned())
}

fn prices() -> Fallback {
    Fallback::new("prices").unwrap()
}

#[test]
fn success_is_unchanged_and_runs_no_fallback() {
    let outcome = prices().call(|| Ok::<_, AppError>(5), |_| -> u32 { panic!("it runs") });
    assert_eq!(outcome.unwrap(), 5);
}

#[test]
fn hidden_error_is_one_warning() {
    let scope = Scope::new();
    let _entered = scope.enter();
    assert_eq!(prices().call(down, |_| 12).unwrap(), 12);
    let records = scope.records();
    assert_eq!(records.len(), 1);
    assert_eq!(
        (records[0].level, records[0].operation.as_str()),
        (Severity::Warning, "prices")
    );
    assert_eq!(records[0].message, "no answer");
    assert_eq!(scope.monitor().stats().total_errors, 1);
}

#[test]
fn hidden_error_that_was_reported_inside_is_not_reported_again() {
    let scope = Scope::new();
    let _entered = scope.enter();
    assert_eq!(prices().call(reported, |_| 12).unwrap(), 12);
    let outcome: Result<u32, String> = prices().call(reported_text, |_| 12);
    assert_eq!(outcome, Ok(12));
    assert_eq!(scope.monitor().stats().total_errors, 2);
    assert!(
        scope
            .records()
            .iter()
            .all(|record| record.level == Severity::Error)
    );
}

#[test]
fn many_hidden_errors_with_one_text_are_all_counted() {
    let scope = Scope::new();
    let _entered = scope.enter();
    for _ in 0..100 {
        let outcome = prices().call(|| Err::<u32, _>("no answer"), |_| 12);
        assert_eq!(outcome, Ok(12));
    }
    assert_eq!(scope.monitor().stats().total_errors, 100);
}

#[test]
fn unselected_error_is_returned_as_it_is() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let ran = Cell::new(false);
    let outcome = prices().call_on(
        |err: &AppError| err.is(ErrorCode::PERMISSION_ERROR),
        down,
        |_| {
            ran.set(true);
            12
        },
    );
    assert!(outcome.unwrap_err().is(ErrorCode::EXTERNAL_SERVICE_ERROR) && !ran.get());
    assert_eq!(scope.monitor().stats().total_errors, 0);
}

#[test]
fn failed_fallback_returns_its_error_with_the_first_as_source() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let second = |_: &AppError| {
        Err(AppError::new(
            ErrorCode::FILE_NOT_FOUND_ERROR,
            "nothing cached",
        ))
    };
    let err = prices().call(down, second).unwrap_err();
    assert!(err.is(ErrorCode::FILE_NOT_FOUND_ERROR));
    assert_eq!(format!("{err:#}"), "nothing cached: no answer");
    assert_eq!(
        scope.monitor().stats().total_errors,
        0,
        "it goes on to the caller"
    );
    // A source of its own stays, and the first error becomes a detail.
    let with_source = |_: &AppError| {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        Err(AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "nothing cached").with_source(source))
    };
    let err = prices().call(down, with_source).unwrap_err();
    assert_eq!(format!("{err:#}"), "nothing cached: entity not found");
    assert_eq!(err.details()["fallback_for"], "no answer");
    // Errors of other types are returned unwrapped.
    let outcome = prices().call(|| Err::<u32, _>("first"), |_| Err("second"));
    assert_eq!(outcome, Err("second"));
}

#[test]
fn panic_of_the_fallback_passes_through() {
    let panicked = std::panic::catch_unwind(|| prices().call(down, |_| -> u32 { panic!("no") }));
    assert!(panicked.is_err());
}

#[test]
fn fallback_sees_the_rejection_of_an_open_circuit() {
    let breaker = CircuitBreaker::builder("behind-a-fallback")
        .build()
        .unwrap();
    breaker.force_open();
    let ran = Cell::new(false);
    let outcome = prices().call(
        || {
            breaker.call(|| {
                ran.set(true);
                down()
            })
        },
        |err| {
            if err.is(ErrorCode::CIRCUIT_OPEN_ERROR) {
                12
            } else {
                0
            }
        },
    );
    assert_eq!((outcome.unwrap(), ran.get()), (12, false));
}

/// Inside a retry, the fallback turns the first failure into a success.
#[test]
fn retry_around_a_fallback_runs_once() {
    let retry = Retry::builder()
        .max_retries(5)
        .clock(ManualClock::new())
        .build()
        .unwrap();
    let mut runs = 0;
    let fallback = prices();
    let outcome = retry.call(|| {
        runs += 1;
        fallback.call(down, |_| 12)
    });
    assert_eq!((outcome.unwrap(), runs), (12, 1));
}

#[test]
fn error_that_a_fallback_hides_in_an_attempt_counts_although_the_attempt_succeeds() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let retry = Retry::builder()
        .max_retries(5)
        .clock(ManualClock::new())
        .build()
        .unwrap();
    assert_eq!(retry.call(|| prices().call(down, |_| 12)).unwrap(), 12);
    assert_eq!(scope.monitor().stats().total_errors, 1);
}

#[tokio::test(start_paused = true)]
async fn async_fallback_is_awaited_and_dropped_with_the_call() {
    let fallback = prices();
    let outcome = fallback
        .call_async(
            async || down(),
            async |_| {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                12
            },
        )
        .await;
    assert_eq!(outcome.unwrap(), 12);
    let scope = Scope::new();
    let _entered = scope.enter();
    let call = fallback.call_async(async || down(), async |_| pending::<u32>().await);
    let limited = tokio::time::timeout(std::time::Duration::from_secs(1), call).await;
    assert!(limited.is_err());
    assert_eq!(
        scope.monitor().stats().total_errors,
        0,
        "nothing is hidden yet"
    );
}

#[tokio::test]
async fn interleaved_calls_on_one_thread_keep_their_errors_apart() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let fallback = &prices();
    let call = |id: u32| async move {
        fallback
            .call_async(
                || async move {
                    tokio::task::yield_now().await;
                    if id.is_multiple_of(2) {
                        reported()
                    } else {
                        down()
                    }
                },
                async |_| id,
            )
            .await
            .unwrap()
    };
    let all = futures::future::join_all((0..100).map(call)).await;
    assert_eq!(all, (0..100).collect::<Vec<_>>());
    assert_eq!(scope.monitor().stats().total_errors, 100);
}

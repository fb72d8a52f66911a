//! Errors that are reported inside of attempts.

use crate::support::{MS, after, permanent, transient};
use gardefou::{AppError, ErrorCode, enhanced_error_handling, testing::Scope};
use std::cell::Cell;

#[enhanced_error_handling]
async fn reported(attempt: u32, ends: fn(u32) -> Result<u32, AppError>) -> Result<u32, AppError> {
    tokio::time::sleep(MS * 10).await;
    ends(attempt)
}

/// Runs a call whose attempts report their errors; returns its outcome, and how many errors count.
async fn run(hedges: u32, ends: fn(u32) -> Result<u32, AppError>) -> (Result<u32, AppError>, u64) {
    let scope = Scope::new();
    let _entered = scope.enter();
    let hedge = after(500).max_hedges(hedges).build().unwrap();
    let attempts = Cell::new(0);
    let outcome = hedge
        .call_async(|| reported(attempts.replace(attempts.get() + 1), ends))
        .await;
    (outcome, scope.monitor().stats().total_errors)
}

#[tokio::test(start_paused = true)]
async fn error_of_an_attempt_that_lost_is_none_of_the_call() {
    let fails_first = |attempt| {
        if attempt == 0 {
            Err(transient())
        } else {
            Ok(attempt)
        }
    };
    let (outcome, errors) = run(1, fails_first).await;
    assert_eq!((outcome.unwrap(), errors), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn call_whose_attempts_all_fail_has_one_error() {
    for hedges in 0..4 {
        let (outcome, errors) = run(hedges, |_| Err(transient())).await;
        assert!(outcome.unwrap_err().is(ErrorCode::EXTERNAL_SERVICE_ERROR));
        assert_eq!(errors, 1, "{hedges} further attempts");
    }
}

#[tokio::test(start_paused = true)]
async fn permanent_error_is_one_error() {
    let (outcome, errors) = run(2, |_| Err(permanent())).await;
    assert_eq!((outcome.is_err(), errors), (true, 1));
    let second = |attempt| {
        if attempt == 0 {
            Err(transient())
        } else {
            Err(permanent())
        }
    };
    let (outcome, errors) = run(2, second).await;
    assert!(outcome.unwrap_err().is(ErrorCode::FILE_NOT_FOUND_ERROR));
    assert_eq!(errors, 1);
}

/// An attempt that is dropped in the middle, after it reported an error and went on.
#[tokio::test(start_paused = true)]
async fn error_reported_by_an_attempt_that_is_dropped_does_not_count() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let hedge = after(50).build().unwrap();
    let attempts = Cell::new(0);
    let outcome = hedge.call_async(|| {
        let attempt = attempts.replace(attempts.get() + 1);
        async move {
            if attempt == 0 {
                let _ = reported(0, |_| Err(transient())).await;
                std::future::pending::<()>().await;
            }
            Ok::<_, AppError>(attempt)
        }
    });
    assert_eq!(outcome.await.unwrap(), 1);
    assert_eq!(scope.monitor().stats().total_errors, 0);
}

//! Limits that adapt to what becomes of the calls.

use crate::support::SECOND;
use gardefou::{
    AppError, ErrorCode, Rejection,
    breaker::CircuitBreaker,
    bulkhead::{Bulkhead, BulkheadPermit},
    call,
    timeout::Timeout,
};
use gardefou_tests::testkit::poll::poll_once;
use std::{
    future::pending,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    time::Duration,
};

fn adaptive(max_concurrent: u32) -> Bulkhead {
    Bulkhead::builder("svc")
        .adaptive(true)
        .max_concurrent(max_concurrent)
        .build()
        .unwrap()
}

fn limit(bulkhead: &Bulkhead) -> u32 {
    bulkhead.snapshot().limit
}

fn fail_with(bulkhead: &Bulkhead, code: ErrorCode) {
    let outcome = bulkhead.call(|| Err::<(), _>(AppError::new(code, "no")));
    assert!(outcome.unwrap_err().is(code));
}

#[test]
fn limit_grows_by_one_for_as_many_successes_as_it_is_high() {
    let bulkhead = adaptive(4);
    let _running = [0, 1].map(|_| bulkhead.try_acquire().unwrap());
    let mut limits = Vec::new();
    for _ in 0..15 {
        bulkhead.call(|| Ok::<_, AppError>(())).unwrap();
        limits.push(limit(&bulkhead));
    }
    // Three of six slots are half of them; of seven they are less.
    assert_eq!(limits, [4, 4, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7]);
    for _ in 0..50 {
        bulkhead.call(|| Ok::<_, AppError>(())).unwrap();
    }
    assert_eq!(limit(&bulkhead), 7, "less than half are in use");
}

#[test]
fn limit_of_an_idle_bulkhead_does_not_grow() {
    let bulkhead = adaptive(10);
    for _ in 0..1000 {
        bulkhead.call(|| Ok::<_, AppError>(())).unwrap();
    }
    assert_eq!(limit(&bulkhead), 10);
}

#[test]
fn overload_lowers_the_limit_to_nine_tenths() {
    let bulkhead = adaptive(100);
    for (code, expected) in [
        (ErrorCode::TIMEOUT_ERROR, 90),
        (ErrorCode::EXTERNAL_SERVICE_ERROR, 81),
        (ErrorCode::DB_CONNECTION_ERROR, 72),
        (ErrorCode::RATE_LIMIT_ERROR, 64),
    ] {
        fail_with(&bulkhead, code);
        assert_eq!(limit(&bulkhead), expected, "{code}");
    }
    let refused = || Err::<(), _>(io::Error::from(io::ErrorKind::ConnectionRefused));
    bulkhead.call(refused).unwrap_err();
    assert_eq!(limit(&bulkhead), 57, "by the mapping of its type");
}

#[test]
fn rejection_further_in_lowers_the_limit() {
    let bulkhead = adaptive(100);
    let closed = Bulkhead::builder("inner")
        .max_concurrent(0)
        .build()
        .unwrap();
    bulkhead
        .call(|| closed.call(|| Ok::<_, Rejection>(())))
        .unwrap_err();
    assert_eq!(limit(&bulkhead), 90);
    let open = CircuitBreaker::builder("inner").build().unwrap();
    open.force_open();
    bulkhead
        .call(|| open.call(|| Ok::<_, AppError>(())))
        .unwrap_err();
    assert_eq!(limit(&bulkhead), 81);
}

#[test]
fn outcomes_that_show_nothing_change_nothing() {
    let bulkhead = adaptive(100);
    fail_with(&bulkhead, ErrorCode::API_REQUEST_ERROR);
    fail_with(&bulkhead, ErrorCode::FILE_NOT_FOUND_ERROR);
    fail_with(&bulkhead, ErrorCode::UNKNOWN_ERROR);
    bulkhead
        .call(|| Err::<(), _>(io::Error::other("of no known kind")))
        .unwrap_err();
    let panicking = || bulkhead.call(|| -> Result<(), AppError> { panic!("on purpose") });
    assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
    bulkhead.try_acquire().unwrap().ignore();
    drop(bulkhead.try_acquire().unwrap());
    {
        let mut dropped = pin!(bulkhead.call_async(pending::<Result<(), AppError>>));
        assert!(poll_once(dropped.as_mut()).is_pending());
    }
    assert_eq!(limit(&bulkhead), 100);
}

#[test]
fn failures_of_calls_that_ran_at_the_same_time_lower_the_limit_once() {
    let bulkhead = adaptive(100);
    let round: Vec<_> = (0..50).map(|_| bulkhead.try_acquire().unwrap()).collect();
    round.into_iter().for_each(BulkheadPermit::failure);
    assert_eq!(limit(&bulkhead), 90);
}

#[test]
fn limit_stays_between_its_bounds() {
    let bulkhead = Bulkhead::builder("svc")
        .adaptive(true)
        .min(3)
        .max(5)
        .build()
        .unwrap();
    assert_eq!(limit(&bulkhead), 5, "the default is moved into the bounds");
    for _ in 0..20 {
        fail_with(&bulkhead, ErrorCode::TIMEOUT_ERROR);
    }
    assert_eq!(limit(&bulkhead), 3);
    let _running = [0, 1].map(|_| bulkhead.try_acquire().unwrap());
    for _ in 0..100 {
        bulkhead.call(|| Ok::<_, AppError>(())).unwrap();
    }
    assert_eq!(limit(&bulkhead), 5);
    assert!(bulkhead.set_max_concurrent(2).is_err());
    bulkhead.set_max_concurrent(4).unwrap();
    assert_eq!(limit(&bulkhead), 4);
}

#[test]
fn limit_recovers_after_overload() {
    let bulkhead = adaptive(20);
    for _ in 0..10 {
        fail_with(&bulkhead, ErrorCode::TIMEOUT_ERROR);
    }
    let low = limit(&bulkhead);
    assert_eq!(low, 5);
    let _running = [0, 1, 2, 3].map(|_| bulkhead.try_acquire().unwrap());
    // 5 + 6 + 7 + 8 + 9 successes.
    for _ in 0..35 {
        bulkhead.call(|| Ok::<_, AppError>(())).unwrap();
    }
    assert_eq!(limit(&bulkhead), 10);
}

#[tokio::test(start_paused = true)]
async fn time_limit_around_the_call_lowers_the_limit() {
    let bulkhead = adaptive(100);
    let timeout = Timeout::builder("outer").limit(2 * SECOND).build().unwrap();
    let hang = || bulkhead.call_async(pending::<Result<(), AppError>>);
    timeout.call_async(hang).await.unwrap_err();
    assert_eq!(limit(&bulkhead), 90);
    // A permit by hand too.
    let hold = || async {
        let _permit = bulkhead.acquire_async().await?;
        pending::<Result<(), AppError>>().await
    };
    timeout.call_async(hold).await.unwrap_err();
    assert_eq!(limit(&bulkhead), 81);
}

#[tokio::test(start_paused = true)]
async fn deadline_that_was_short_from_the_start_changes_nothing() {
    let bulkhead = adaptive(100);
    let timeout = |millis| {
        Timeout::builder("limit")
            .limit(Duration::from_millis(millis))
            .build()
            .unwrap()
    };
    let (outer, inner) = (timeout(100), timeout(10_000));
    let outcome = outer
        .call_async(|| {
            inner.call_async(|| {
                bulkhead.call_async(async || {
                    assert!(call::remaining().is_some());
                    pending::<Result<(), AppError>>().await
                })
            })
        })
        .await;
    assert!(outcome.is_err());
    assert_eq!(limit(&bulkhead), 100);
    assert_eq!(bulkhead.snapshot().in_flight, 0);
}

#[test]
fn fixed_bulkhead_looks_at_no_error() {
    let bulkhead = Bulkhead::builder("svc").max_concurrent(10).build().unwrap();
    bulkhead
        .run_with(
            |_: &AppError| unreachable!("only an adaptive one classifies"),
            || Err::<(), _>(AppError::new(ErrorCode::TIMEOUT_ERROR, "late")),
        )
        .unwrap()
        .unwrap_err();
    assert_eq!(limit(&bulkhead), 10);
}

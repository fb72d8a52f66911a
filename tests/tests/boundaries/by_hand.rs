//! Boundaries and transactions without the macros.

use crate::support::Observed;
use gardefou::{
    AppError, ErrorCode,
    boundary::{self, AsyncTransaction, ErrorBoundary, TransactionBoundary},
    event::{LogLevel, Severity},
};
use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

#[test]
fn boundary_by_hand_codes_and_reports_under_its_name() {
    let observed = Observed::on("hand-error");
    let boundary = ErrorBoundary::new("hand-error")
        .error_code(ErrorCode::CONFIG_ERROR)
        .log_level(LogLevel::Critical);
    let err = boundary.call(|| "x".parse::<u8>()).unwrap_err();
    assert!(err.is(ErrorCode::CONFIG_ERROR));
    assert_eq!(err.details()["context"][0], "hand-error");
    assert_eq!(observed.errors()[0].level, Severity::Critical);
    assert_eq!(boundary.call(|| "7".parse::<u8>()).unwrap(), 7);
    let err = boundary
        .catch_panics(true)
        .call(|| -> Result<(), AppError> { panic!("boom") })
        .unwrap_err();
    assert!(err.is(ErrorCode::PANIC_ERROR));
}

#[tokio::test]
async fn async_boundary_by_hand_codes_and_reports_under_its_name() {
    let boundary = ErrorBoundary::new("hand-async").error_code(ErrorCode::SYNC_ERROR);
    let err = boundary
        .call_async(|| async { "x".parse::<u8>() })
        .await
        .unwrap_err();
    assert!(err.is(ErrorCode::SYNC_ERROR));
    let broken = || async {
        assert_eq!(1, 2, "sums");
        Ok::<_, String>(())
    };
    let caught = boundary.catch_panics(true).call_async(broken).await;
    assert!(caught.unwrap_err().is(ErrorCode::PANIC_ERROR));
}

#[test]
fn transaction_by_hand_rolls_back_borrowed_state() {
    let balance = Cell::new(100);
    let run = |text: &str| {
        boundary::transaction("hand-tx", |tx| {
            balance.set(balance.get() - 30);
            tx.on_rollback("give it back", || balance.set(balance.get() + 30));
            text.parse::<u32>()
        })
    };
    assert!(run("x").is_err());
    assert_eq!(balance.get(), 100);
    assert!(run("30").is_ok());
    assert_eq!(balance.get(), 70);
}

#[test]
fn callback_by_hand_is_called_with_the_coded_error() {
    let mut reported = None;
    let transaction =
        TransactionBoundary::new("hand-callback").error_code(ErrorCode::DB_WRITE_ERROR);
    let result = transaction
        .log_level(LogLevel::Warn)
        .on_error_callback(|err| reported = Some(err.code()))
        .call(|_| Err::<(), _>("disk full"));
    assert!(result.is_err());
    assert_eq!(reported, Some(ErrorCode::DB_WRITE_ERROR));
}

#[tokio::test]
async fn async_transaction_by_hand_is_send_and_awaits() {
    async fn save(undone: Arc<AtomicU32>) -> Result<(), AppError> {
        boundary::transaction_async("hand-tx-async", async |tx: &AsyncTransaction| {
            tx.on_rollback_async("undo", async move || {
                tokio::task::yield_now().await;
                undone.fetch_add(1, Ordering::Relaxed);
            });
            tokio::task::yield_now().await;
            Err::<(), _>("disk full")
        })
        .await
    }
    let undone = Arc::new(AtomicU32::new(0));
    let result = tokio::spawn(save(Arc::clone(&undone))).await.unwrap();
    assert!(result.is_err());
    assert_eq!(undone.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn caught_panic_of_a_transaction_by_hand_is_its_error_after_the_rollback() {
    let undone = Arc::new(AtomicU32::new(0));
    let undo = |undone: &Arc<AtomicU32>| {
        let undone = Arc::clone(undone);
        move || {
            undone.fetch_add(1, Ordering::Relaxed);
        }
    };
    let boundary = TransactionBoundary::new("hand-caught").catch_panics(true);
    let sync = boundary.call(|tx| -> Result<(), AppError> {
        tx.on_rollback("undo", undo(&undone));
        panic!("boom")
    });
    let asynchronous = boundary.call_async(async |tx: &AsyncTransaction| -> Result<(), AppError> {
        tx.on_rollback("undo", undo(&undone));
        tokio::task::yield_now().await;
        panic!("boom")
    });
    for err in [sync.unwrap_err(), asynchronous.await.unwrap_err()] {
        assert!(err.is(ErrorCode::PANIC_ERROR));
        assert_eq!(err.details()["compensations_run"], 1);
    }
    assert_eq!(undone.load(Ordering::Relaxed), 2);
    assert_eq!(boundary.call(|_| Ok::<_, AppError>(7)).unwrap(), 7);
}

#[tokio::test]
async fn panic_that_a_transaction_reported_keeps_its_place_in_the_boundary_around() {
    let catching = ErrorBoundary::new("hand-outer").catch_panics(true);
    let inner =
        || boundary::transaction("hand-inner", |_| -> Result<(), AppError> { panic!("boom") }); // inner
    let sync = catching.call(inner).unwrap_err();
    let awaited = catching.call_async(async || inner()).await.unwrap_err();
    for err in [sync, awaited] {
        assert_eq!(err.location().line(), line_of("inner"));
    }
}

/// The line of this file with that mark.
fn line_of(mark: &str) -> u32 {
    let at = include_str!("by_hand.rs")
        .lines()
        .position(|line| line.ends_with(&format!("// {mark}")));
    at.expect("a line with this mark") as u32 + 1
}

#[tokio::test]
async fn error_without_a_place_has_that_of_the_call_by_hand() {
    let sync = ErrorBoundary::new("hand-place").call(|| Err::<(), _>("sync")); // sync
    let catching = ErrorBoundary::new("hand-place").catch_panics(true);
    let caught = catching.call(|| Err::<(), _>("caught")); // caught
    let boundary = ErrorBoundary::new("hand-place");
    let awaited = boundary.call_async(async || Err::<(), _>("awaited")).await; // awaited
    let boundary = ErrorBoundary::new("hand-place").catch_panics(true);
    let both = boundary.call_async(async || Err::<(), _>("both")).await; // both
    let transaction = boundary::transaction("hand-place", |_| Err::<(), _>("transaction")); // transaction
    let asynchronous = boundary::transaction_async("hand-place", async |_| Err::<(), _>("async")); // asynchronous
    let asynchronous = asynchronous.await;
    let all = [
        (sync, "sync"),
        (caught, "caught"),
        (awaited, "awaited"),
        (both, "both"),
        (transaction, "transaction"),
        (asynchronous, "asynchronous"),
    ];
    for (result, mark) in all {
        let err = result.unwrap_err();
        let place = err.location();
        assert!(
            place.file().ends_with("by_hand.rs") && place.file().contains("tests"),
            "{mark}: {place}"
        );
        assert_eq!(place.line(), line_of(mark), "{mark}");
    }
}

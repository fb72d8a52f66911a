//! What the Python original got wrong about boundaries, and what it kept in its logs.

use crate::support::{Ears, Logbook, panics};
use gardefou::{AppError, ErrorCode, bail, boundary::RollbackFailures, error_boundary, transaction_boundary};
use std::cell::{Cell, RefCell};

/// S01: a `Result` is the default, and swallowing is asked for.
#[test]
fn s01_nothing_is_swallowed_unless_it_is_asked_for() {
    let loud: Result<u8, AppError> = error_boundary!("parity-s01", { "x".parse::<u8>()? });
    let quiet: Option<u8> = error_boundary!("parity-s01", rethrow = false, { "x".parse::<u8>()? });
    assert!(loud.is_err() && quiet.is_none());
}

/// S02: the rollback runs on every exit that is not a commit.
#[test]
fn s02_a_rollback_runs_on_an_error_a_panic_and_a_dropped_future() {
    let runs = Cell::new(0);
    let count = || runs.set(runs.get() + 1);
    let _: Result<u8, _> = transaction_boundary!("parity-s02", |tx| {
        tx.on_rollback("count", count);
        "x".parse::<u8>()?
    });
    assert!(panics(|| {
        let _: Result<(), _> = transaction_boundary!("parity-s02", |tx| {
            tx.on_rollback("count", count);
            panic!("interrupted");
        });
    }));
    assert_eq!(runs.get(), 2);
    // Dropped futures: `transaction_async`.
}

/// S03: a failing rollback is told to the caller, with the error that caused it.
#[test]
fn s03_a_failing_rollback_is_told_beside_the_original_error() {
    let result: Result<(), _> = transaction_boundary!("parity-s03", |tx| {
        tx.on_rollback("undo", || Err::<(), _>("cannot undo"));
        bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
    });
    let err = result.unwrap_err();
    assert_eq!((err.code(), err.to_string()), (ErrorCode::DB_WRITE_ERROR, "disk full".into()));
    assert_eq!(err.details()["rolled_back"], false);
    assert!(err.downcast_ref::<RollbackFailures>().is_some());
    assert!(format!("{err:#}").contains("cannot undo"), "{err:#}");
}

/// S04: compensations run last in first out, and see the transaction's state.
#[test]
fn s04_compensations_are_a_stack_with_access_to_the_state() {
    let log = RefCell::new(Vec::new());
    let _: Result<(), _> = transaction_boundary!("parity-s04", |tx| {
        for step in 1..=3_u32 {
            tx.set("step", step);
            let (state, log) = (tx.state(), &log);
            tx.on_rollback("undo", move || log.borrow_mut().push((step, state.get::<u32>("step"))));
        }
        bail!(ErrorCode::DB_WRITE_ERROR);
    });
    assert_eq!(log.into_inner(), [(3, Some(3)), (2, Some(3)), (1, Some(3))]);
}

/// S06: nested boundaries keep the whole context, and the error is logged once.
#[test]
fn s06_nested_boundaries_append_their_context_and_log_once() {
    let mut context = None;
    let lines = Logbook::of(tracing::Level::ERROR, || {
        let result =
            error_boundary!("parity-s06-outer", { error_boundary!("parity-s06-inner", { "x".parse::<u8>()? })? });
        context = result.unwrap_err().details().get("context").cloned();
    });
    assert_eq!(context, Some(serde_json::json!(["parity-s06-inner", "parity-s06-outer"])));
    assert_eq!(lines, ["ERROR gardefou::error invalid digit found in string"]);
}

/// S07: a boundary around async code guards what runs, not what is made.
#[tokio::test]
async fn s07_an_async_block_is_guarded_while_it_runs() {
    let result = error_boundary!("parity-s07", error_code = ErrorCode::SYNC_ERROR, {
        tokio::task::yield_now().await;
        "x".parse::<u8>()?
    });
    assert!(result.unwrap_err().is(ErrorCode::SYNC_ERROR));
}

/// S09: no clock is read and nothing is formatted where the level debug is off.
#[test]
fn s09_without_debug_nothing_is_timed_and_nothing_is_logged_on_success() {
    let ears = Ears::on("parity-s09");
    let fail = || drop(error_boundary!("parity-s09", { "x".parse::<u8>()? }));
    let quiet = Logbook::of(tracing::Level::INFO, || {
        let _ = error_boundary!("parity-s09", { 1 });
        fail();
    });
    assert_eq!(quiet, ["ERROR gardefou::error invalid digit found in string"]);
    let timed = Logbook::of(tracing::Level::DEBUG, || {
        let _ = error_boundary!("parity-s09", { 1 });
        fail();
    });
    let expected = [
        "DEBUG gardefou::boundary entered",
        "DEBUG gardefou::boundary succeeded",
        "DEBUG gardefou::boundary entered",
        "ERROR gardefou::error invalid digit found in string",
    ];
    assert_eq!(timed, expected);
    let elapsed: Vec<_> = ears.errors().iter().map(|told| told.elapsed.is_some()).collect();
    assert_eq!(elapsed, [false, true]);
}

/// M05: every entry point counts, each error once.
#[test]
fn m05_errors_boundaries_transactions_and_reports_are_all_counted_once() {
    let before = count();
    let _ = error_boundary!("parity-m05", { "x".parse::<u8>()? });
    let _ = error_boundary!("parity-m05", { Err::<(), _>(AppError::new(ErrorCode::SYNC_ERROR, "coded"))? });
    let _: Result<u8, _> = transaction_boundary!("parity-m05", |_tx| { "x".parse::<u8>()? });
    let _ = error_boundary!("parity-m05", { error_boundary!("parity-m05", { "x".parse::<u8>()? })? });
    assert_eq!(count() - before, 4);

    fn count() -> u64 {
        let snapshot = gardefou::error_monitor().snapshot();
        snapshot.operations.iter().find(|operation| operation.name == "parity-m05").map_or(0, |found| found.count)
    }
}

/// The lines of the original's transactions: begin and success with duration at info, rollback done at info, the
/// failing error at error, a failing rollback at critical.
#[test]
fn a_transaction_logs_its_begin_its_end_and_its_rollback() {
    let lines = Logbook::of(tracing::Level::INFO, || {
        let _: Result<u8, _> = transaction_boundary!("parity-log", |_tx| { 1 });
        let _: Result<(), _> = transaction_boundary!("parity-log", |tx| {
            tx.on_rollback("undo", || Err::<(), _>("cannot"));
            bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
        });
    });
    let expected = [
        "INFO gardefou::transaction begun",
        "INFO gardefou::transaction committed",
        "INFO gardefou::transaction begun",
        "ERROR gardefou::error disk full",
        "ERROR gardefou::error compensation `undo` of transaction `parity-log` failed",
        "INFO gardefou::transaction rolled back",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn e00_an_error_is_logged_with_typed_fields_and_its_identity() {
    let mut id = String::new();
    let fields = Logbook::fields_of(|| {
        let cable =
            AppError::new(ErrorCode::OBS_CONNECTION_ERROR, "no signal").with_source(std::io::Error::other("cable"));
        let err = error_boundary!("parity-e00", { Err::<(), _>(cable.with_detail("camera", 2))? }).unwrap_err();
        id = err.id().to_string();
    });
    assert_eq!(fields["error.id"], id);
    assert_eq!(
        (fields["error.code"].as_str(), fields["error.code_name"].as_str()),
        ("100", "\"OBS_CONNECTION_ERROR\"")
    );
    assert!(fields["error.location"].contains("parity.rs:"), "{fields:?}");
    assert!(fields["error.chain"].contains("cable"), "{fields:?}");
    assert!(fields["error.details"].contains("camera"), "{fields:?}");
}

//! What the Python original got wrong about boundaries, and what it kept in its logs.

use crate::support::{Observed, log_texts, logged, panics};
use gardefou::{
    AppError, ErrorCode, bail,
    boundary::RollbackFailures,
    enhanced_error_handling, error_boundary,
    event::{Event, Observer, subscribe},
    monitor::{ErrorMonitor, MonitorConfig},
    retry, transaction_boundary, with_circuit_breaker,
};
use std::cell::{Cell, RefCell};

/// A `Result` is the default, and swallowing is opt-in.
#[test]
fn nothing_is_swallowed_by_default() {
    let loud: Result<u8, AppError> = error_boundary!("parity-s01", { "x".parse::<u8>()? });
    let quiet: Option<u8> = error_boundary!("parity-s01", rethrow = false, { "x".parse::<u8>()? });
    assert!(loud.is_err() && quiet.is_none());
}

/// The rollback runs on every exit that is not a commit.
#[test]
fn rollback_runs_on_an_error_a_panic_and_a_dropped_future() {
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

/// A failing rollback is reported to the caller, with the error that caused it.
#[test]
fn failing_rollback_is_reported_beside_the_original_error() {
    let result: Result<(), _> = transaction_boundary!("parity-s03", |tx| {
        tx.on_rollback("undo", || Err::<(), _>("cannot undo"));
        bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
    });
    let err = result.unwrap_err();
    assert_eq!(
        (err.code(), err.to_string()),
        (ErrorCode::DB_WRITE_ERROR, "disk full".into())
    );
    assert_eq!(err.details()["rolled_back"], false);
    assert!(err.downcast_ref::<RollbackFailures>().is_some());
    assert!(format!("{err:#}").contains("cannot undo"), "{err:#}");
}

/// Compensations run last in first out, and use the transaction's state.
#[test]
fn compensations_run_in_reverse_order_with_access_to_the_state() {
    let log = RefCell::new(Vec::new());
    let _: Result<(), _> = transaction_boundary!("parity-s04", |tx| {
        for step in 1..=3_u32 {
            tx.set("step", step);
            let (state, log) = (tx.state(), &log);
            tx.on_rollback("undo", move || {
                log.borrow_mut().push((step, state.get::<u32>("step")));
            });
        }
        bail!(ErrorCode::DB_WRITE_ERROR);
    });
    assert_eq!(log.into_inner(), [(3, Some(3)), (2, Some(3)), (1, Some(3))]);
}

/// Nested boundaries keep the whole context, and the error is logged once.
#[test]
fn nested_boundaries_append_their_context_and_log_once() {
    let mut context = None;
    let lines = log_texts(tracing::Level::ERROR, || {
        let result = error_boundary!("parity-s06-outer", {
            error_boundary!("parity-s06-inner", { "x".parse::<u8>()? })?
        });
        context = result.unwrap_err().details().get("context").cloned();
    });
    assert_eq!(
        context,
        Some(serde_json::json!(["parity-s06-inner", "parity-s06-outer"]))
    );
    assert_eq!(
        lines,
        ["ERROR gardefou::error invalid digit found in string"]
    );
}

/// A boundary around async code guards what runs, not what is made.
#[tokio::test]
async fn async_block_is_guarded_while_it_runs() {
    let result = error_boundary!("parity-s07", error_code = ErrorCode::SYNC_ERROR, {
        tokio::task::yield_now().await;
        "x".parse::<u8>()?
    });
    assert!(result.unwrap_err().is(ErrorCode::SYNC_ERROR));
}

/// No clock is read and nothing is formatted where the level debug is off.
#[test]
fn without_debug_nothing_is_timed_and_nothing_is_logged_on_success() {
    let observed = Observed::on("parity-s09");
    let fail = || drop(error_boundary!("parity-s09", { "x".parse::<u8>()? }));
    let quiet = log_texts(tracing::Level::INFO, || {
        let _ = error_boundary!("parity-s09", { 1 });
        fail();
    });
    assert_eq!(
        quiet,
        ["ERROR gardefou::error invalid digit found in string"]
    );
    let timed = log_texts(tracing::Level::DEBUG, || {
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
    let elapsed: Vec<_> = observed
        .errors()
        .iter()
        .map(|reported| reported.elapsed.is_some())
        .collect();
    assert_eq!(elapsed, [false, true]);
}

/// Every entry point counts, each error once.
#[test]
fn errors_boundaries_transactions_and_reports_are_all_counted_once() {
    let before = in_all("parity-m05");
    let _ = error_boundary!("parity-m05", { "x".parse::<u8>()? });
    let _ = error_boundary!("parity-m05", {
        Err::<(), _>(AppError::new(ErrorCode::SYNC_ERROR, "coded"))?;
    });
    let _: Result<u8, _> = transaction_boundary!("parity-m05", |_tx| { "x".parse::<u8>()? });
    let _ = error_boundary!("parity-m05", {
        error_boundary!("parity-m05", { "x".parse::<u8>()? })?
    });
    assert_eq!(in_all("parity-m05") - before, 4);
}

/// What this thread reports while something runs: all errors of it, by operation.
fn counted(run: impl FnOnce()) -> Vec<(String, u64)> {
    let monitor = ErrorMonitor::new(MonitorConfig::default());
    let (ours, thread) = (monitor.clone(), std::thread::current().id());
    let _listening = subscribe(move |event: &Event<'_>| {
        if std::thread::current().id() == thread {
            ours.on_event(event);
        }
    });
    run();
    let snapshot = monitor.snapshot();
    assert_eq!(
        snapshot.total_errors,
        snapshot.operations.iter().map(|row| row.count).sum::<u64>()
    );
    snapshot
        .operations
        .into_iter()
        .map(|row| (row.name, row.count))
        .collect()
}

fn in_all(operation: &str) -> u64 {
    let snapshot = gardefou::error_monitor().snapshot();
    snapshot
        .operations
        .iter()
        .find(|row| row.name == operation)
        .map_or(0, |row| row.count)
}

#[enhanced_error_handling(error_code = ErrorCode::SYNC_ERROR)]
fn parity_m05_handled(run: impl FnOnce() -> Result<(), AppError>) -> Result<(), AppError> {
    run()
}

#[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR)]
fn parity_m05_around(run: impl FnOnce() -> Result<(), AppError>) -> Result<(), AppError> {
    parity_m05_handled(run)
}

fn late() -> Result<(), AppError> {
    Err(AppError::new(ErrorCode::RESOURCE_BUSY_ERROR, "late"))
}

/// What was reported by hand is known already when it reaches an annotated function.
#[test]
fn report_by_hand_counts_once_through_annotated_functions() {
    let counts = counted(|| {
        let outcome = parity_m05_around(|| late().inspect_err(gardefou::report));
        gardefou::report(&outcome.unwrap_err());
    });
    assert_eq!(counts, [("report".to_owned(), 1)]);
}

#[enhanced_error_handling]
#[with_circuit_breaker(name = "parity-m05", failure_threshold = 1)]
fn parity_m05_rejected() -> Result<(), AppError> {
    late()
}

/// A rejection is no error until it reaches a guard, and then one.
#[test]
fn rejection_counts_once_through_annotated_functions() {
    assert!(parity_m05_rejected().is_err());
    let before = in_all("parity_m05_rejected");
    let counts = counted(|| {
        let rejected = parity_m05_around(parity_m05_rejected).unwrap_err();
        assert!(rejected.is(ErrorCode::CIRCUIT_OPEN_ERROR));
    });
    assert_eq!(counts, [("parity_m05_rejected".to_owned(), 1)]);
    assert_eq!(
        in_all("parity_m05_rejected") - before,
        1,
        "the monitor of the process counts the same"
    );
}

#[enhanced_error_handling]
#[retry(max_retries = 3, initial_delay = 0)]
fn parity_m05_exhausted() -> Result<(), AppError> {
    late()
}

/// Four attempts that fail are one error.
#[test]
fn exhausted_retry_counts_once_through_annotated_functions() {
    let counts = counted(|| {
        let exhausted = parity_m05_around(parity_m05_exhausted).unwrap_err();
        assert_eq!(exhausted.details()["attempts"], 4);
    });
    assert_eq!(counts, [("parity_m05_exhausted".to_owned(), 1)]);
    assert_eq!(
        in_all("parity_m05_exhausted"),
        1,
        "the monitor of the process counts the same"
    );
}

#[enhanced_error_handling]
fn parity_s09_handled(fails: bool) -> Result<u8, AppError> {
    if fails { late().map(|()| 0) } else { Ok(1) }
}

/// A success of an annotated function is one line at debug, with its duration, and nothing
/// elsewhere.
#[test]
fn success_of_an_annotated_function_is_timed_and_logged_at_debug_only() {
    let observed = Observed::on("parity_s09_handled");
    let run = || {
        assert_eq!(parity_s09_handled(false).unwrap(), 1);
        assert!(parity_s09_handled(true).is_err());
    };
    let error = "ERROR gardefou::error late";
    assert_eq!(log_texts(tracing::Level::INFO, run), [error]);
    let lines = logged(tracing::Level::DEBUG, run);
    let texts: Vec<_> = lines.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["DEBUG gardefou::boundary succeeded", error]);
    let success = &lines[0];
    assert_eq!(success["operation"], "parity_s09_handled");
    assert!(
        success["duration"].parse::<f64>().unwrap() >= 0.0,
        "{success:?}"
    );
    let timed: Vec<_> = observed
        .errors()
        .iter()
        .map(|reported| reported.elapsed.is_some())
        .collect();
    assert_eq!(timed, [false, true], "no clock is read while debug is off");
}

#[test]
fn end_of_a_transaction_is_logged_with_its_duration() {
    let lines = logged(tracing::Level::DEBUG, || {
        let _: Result<u8, _> = transaction_boundary!("parity-duration", |_tx| { 1 });
        let _: Result<(), _> = transaction_boundary!("parity-duration", |_tx| {
            bail!(ErrorCode::DB_WRITE_ERROR)
        });
    });
    let ends = lines
        .iter()
        .filter(|line| ["committed", "rolled back"].contains(&line.message()));
    let seconds: Vec<f64> = ends.map(|line| line["duration"].parse().unwrap()).collect();
    assert!(
        seconds.len() == 2 && seconds.iter().all(|seconds| (0.0..60.0).contains(seconds)),
        "{lines:?}"
    );
}

/// The lines of the original's transactions: begin and success with duration (at debug here, as
/// they are the rule), rollback done at info, the failing error at error, a failing rollback at
/// critical.
#[test]
fn transaction_logs_its_begin_end_and_rollback() {
    let run = || {
        let _: Result<u8, _> = transaction_boundary!("parity-log", |_tx| { 1 });
        let _: Result<(), _> = transaction_boundary!("parity-log", |tx| {
            tx.on_rollback("undo", || Err::<(), _>("cannot"));
            bail!(ErrorCode::DB_WRITE_ERROR, "disk full");
        });
    };
    let expected = [
        "DEBUG gardefou::transaction begun",
        "DEBUG gardefou::transaction committed",
        "DEBUG gardefou::transaction begun",
        "ERROR gardefou::error disk full",
        "ERROR gardefou::error compensation `undo` of transaction `parity-log` failed",
        "INFO gardefou::transaction rolled back",
    ];
    let handled = |line: &String| !line.starts_with("DEBUG gardefou::boundary");
    let lines: Vec<_> = log_texts(tracing::Level::DEBUG, run)
        .into_iter()
        .filter(handled)
        .collect();
    assert_eq!(lines, expected);
    assert_eq!(
        log_texts(tracing::Level::INFO, run),
        expected[3..],
        "success is no news"
    );
}

#[test]
fn error_is_logged_with_typed_fields_and_its_identity() {
    let mut id = String::new();
    let lines = logged(tracing::Level::ERROR, || {
        let cable = AppError::new(ErrorCode::OBS_CONNECTION_ERROR, "no signal")
            .with_source(std::io::Error::other("cable"));
        let err = error_boundary!("parity-e00", {
            Err::<(), _>(cable.with_detail("camera", 2))?;
        })
        .unwrap_err();
        id = err.id().to_string();
    });
    let fields = &lines[0];
    assert_eq!(fields["error.id"], id);
    assert_eq!(
        (
            fields["error.code"].as_str(),
            fields["error.code_name"].as_str()
        ),
        ("100", "OBS_CONNECTION_ERROR")
    );
    assert!(
        fields["error.location"].contains("parity.rs:"),
        "{fields:?}"
    );
    assert!(fields["error.chain"].contains("cable"), "{fields:?}");
    assert!(fields["error.details"].contains("camera"), "{fields:?}");
}

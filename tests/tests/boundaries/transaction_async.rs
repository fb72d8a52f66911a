//! `transaction_boundary!` in async code: in place, `Send`, and rolled back when it is dropped.

use crate::support::{Observed, logged, panics};
use gardefou::{
    AppError, ErrorCode, bail,
    boundary::{AsyncTransaction, RollbackFailure, RollbackFailures, TransactionBoundary},
    event::{Severity, TransactionOutcome},
    transaction_boundary,
};
use gardefou_tests::testkit::{
    poll::{abandon, poll_once},
    runtime::one_thread,
};
use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{sleep, timeout};

type Log = Arc<Mutex<Vec<&'static str>>>;

fn say(log: &Log, text: &'static str) {
    log.lock().expect("no test panics under it").push(text);
}

fn entries(log: &Log) -> Vec<&'static str> {
    log.lock().expect("no test panics under it").clone()
}

fn need_send<T: Send>(value: T) -> T {
    value
}

fn undo(tx: &AsyncTransaction, log: &Log, text: &'static str) {
    let log = Arc::clone(log);
    tx.on_rollback(text, move || say(&log, text));
}

fn undo_later(tx: &AsyncTransaction, log: &Log, text: &'static str) {
    let log = Arc::clone(log);
    tx.on_rollback_async(text, async move || {
        sleep(Duration::from_secs(1)).await;
        say(&log, text);
    });
}

async fn save(log: &Log, step: &str) -> Result<&'static str, AppError> {
    transaction_boundary!(
        "txa-save",
        on_error_callback = |_: &AppError| say(log, "callback"),
        |tx| {
            undo(tx, log, "a");
            undo_later(tx, log, "b");
            undo(tx, log, "c");
            match step {
                "error" => bail!(ErrorCode::DB_WRITE_ERROR, "disk full"),
                "return" => return "early",
                "hang" => pending::<()>().await,
                "panic" => panic!("boom"),
                _ => sleep(Duration::from_secs(1)).await,
            }
            undo(tx, log, "d");
            "late"
        }
    )
}

#[tokio::test(start_paused = true)]
async fn error_awaits_the_compensations_in_reverse_order() {
    let log = Log::default();
    let err = need_send(save(&log, "error")).await.unwrap_err();
    assert!(err.is(ErrorCode::DB_WRITE_ERROR));
    assert_eq!(entries(&log), ["c", "b", "a", "callback"]);
}

#[tokio::test(start_paused = true)]
async fn commit_runs_no_compensation() {
    let log = Log::default();
    assert_eq!(save(&log, "return").await.unwrap(), "early");
    assert_eq!(save(&log, "").await.unwrap(), "late");
    assert_eq!(entries(&log), Vec::<&str>::new());
}

#[tokio::test(start_paused = true)]
async fn dropped_future_rolls_back_at_once_and_continues_as_a_task() {
    let log = Log::default();
    assert!(
        timeout(Duration::from_secs(5), save(&log, "hang"))
            .await
            .is_err()
    );
    assert_eq!(
        entries(&log),
        ["c", "callback"],
        "what awaits, and all that comes after it, is a task now"
    );
    sleep(Duration::from_secs(2)).await;
    assert_eq!(entries(&log), ["c", "callback", "b", "a"]);
}

#[test]
fn dropped_future_is_cancelled_and_no_error() {
    let observed = Observed::on("txa-cancelled");
    let received = Mutex::new(None);
    let lines = logged(tracing::Level::DEBUG, || {
        abandon(async {
            let _: Result<(), _> = transaction_boundary!(
                "txa-cancelled",
                error_code = ErrorCode::DB_WRITE_ERROR,
                on_error_callback =
                    |err: &AppError| *received.lock().unwrap() = Some((err.code(), err.location())),
                |tx| {
                    tx.on_rollback("undo", || ());
                    pending::<()>().await;
                }
            );
        });
    });
    let (code, place) = received.lock().unwrap().unwrap();
    assert_eq!(
        (code, code.number(), code.http_status()),
        (ErrorCode::CANCELLED_ERROR, 5, 499)
    );
    assert_eq!(place.file(), file!());
    assert!(
        observed.errors().is_empty(),
        "nothing failed: {:?}",
        observed.errors()
    );
    assert_eq!(
        (observed.ends(), observed.undone()),
        (vec![TransactionOutcome::Cancelled], vec![(1, 0)])
    );
    let line = lines.last().unwrap();
    assert_eq!(line.to_string(), "DEBUG gardefou::transaction cancelled");
    assert!(
        line["file"] == file!() && line["duration"].parse::<f64>().is_ok(),
        "{line:?}"
    );
    assert!(
        lines.iter().all(|line| line.level == tracing::Level::DEBUG),
        "{lines:?}"
    );
}

#[test]
fn future_dropped_by_an_unrelated_panic_is_cancelled() {
    let observed = Observed::on("txa-unrelated");
    let panicked = panics(|| {
        let mut call = Box::pin(async {
            let _: Result<(), _> =
                transaction_boundary!("txa-unrelated", |_tx| { pending::<()>().await });
        });
        assert!(poll_once(call.as_mut()).is_pending());
        panic!("somewhere else");
    });
    assert!(panicked);
    assert_eq!(observed.ends(), [TransactionOutcome::Cancelled]);
    assert!(observed.errors().is_empty());
}

#[tokio::test(start_paused = true)]
async fn panic_of_async_code_is_reported_with_its_text_at_the_users_place() {
    let observed = Observed::on("txa-panic-text");
    let joined = tokio::spawn(async {
        let _: Result<(), _> = transaction_boundary!("txa-panic-text", |_tx| {
            sleep(Duration::from_secs(1)).await;
            panic!("no space at {}", std::hint::black_box(7));
        });
    });
    let payload = joined.await.unwrap_err().into_panic();
    assert_eq!(
        payload.downcast_ref::<String>().map(String::as_str),
        Some("no space at 7")
    );
    let reported = observed.errors();
    assert_eq!(
        (reported.len(), reported[0].text.as_str()),
        (1, "`txa-panic-text` panicked: no space at 7")
    );
    assert_eq!(
        (reported[0].level, reported[0].location.unwrap().file()),
        (Severity::Critical, file!())
    );
}

#[tokio::test(start_paused = true)]
async fn failing_async_compensations_have_the_place_of_their_registration() {
    let result: Result<(), _> = transaction_boundary!("txa-located", |tx| {
        tx.on_rollback_async("text", async || Err::<(), _>("cannot"));
        tx.on_rollback_async("panic", async || panic!("broken"));
        bail!(ErrorCode::DB_WRITE_ERROR);
    });
    let err = result.unwrap_err();
    let failures = err.downcast_ref::<RollbackFailures>().unwrap();
    assert!(
        failures
            .iter()
            .all(|failure| failure.error().location().file() == file!()),
        "{failures:?}"
    );
    // With `RUST_BACKTRACE` set, the stack follows the id.
    let head = |error: &AppError| {
        format!("{error:?}")
            .split("\n    id ")
            .next()
            .unwrap()
            .to_owned()
    };
    assert!(
        failures
            .iter()
            .all(|failure| !head(failure.error()).contains("transaction/")),
        "{failures:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn event_of_a_rollback_task_is_emitted_at_its_end() {
    let observed = Observed::on("txa-late");
    let log = Log::default();
    let hang = async {
        let _: Result<(), _> = transaction_boundary!("txa-late", |tx| {
            undo(tx, &log, "a");
            undo_later(tx, &log, "b");
            undo(tx, &log, "c");
            pending::<()>().await;
        });
    };
    assert!(timeout(Duration::from_secs(5), hang).await.is_err());
    assert_eq!(observed.ends(), []);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(
        (observed.ends(), observed.undone()),
        (vec![TransactionOutcome::Cancelled], vec![(3, 0)])
    );
}

async fn nested(log: &Log, fail: &str) -> Result<&'static str, AppError> {
    transaction_boundary!("txa-outer", |tx| {
        undo_later(tx, log, "a");
        transaction_boundary!("txa-inner", parent = tx, |inner| {
            undo_later(inner, log, "b");
            undo(inner, log, "c");
            match fail {
                "inner" => bail!(ErrorCode::DB_WRITE_ERROR),
                "hang" => pending::<()>().await,
                _ => sleep(Duration::from_secs(1)).await,
            }
        })?;
        undo(tx, log, "d");
        if fail == "outer" {
            bail!(ErrorCode::DB_WRITE_ERROR);
        }
        "done"
    })
}

#[tokio::test(start_paused = true)]
async fn failing_parent_runs_the_async_compensations_of_the_inner_transaction() {
    let log = Log::default();
    let err = need_send(nested(&log, "outer")).await.unwrap_err();
    assert_eq!(entries(&log), ["d", "c", "b", "a"]);
    assert_eq!(err.details()["compensations_run"], 4);

    let log = Log::default();
    assert_eq!(nested(&log, "none").await.unwrap(), "done");
    assert_eq!(entries(&log), Vec::<&str>::new());

    let log = Log::default();
    assert!(nested(&log, "inner").await.is_err());
    assert_eq!(entries(&log), ["c", "b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn nested_rollbacks_of_a_dropped_future_keep_their_order() {
    let log = Log::default();
    assert!(
        timeout(Duration::from_secs(5), nested(&log, "hang"))
            .await
            .is_err()
    );
    sleep(Duration::from_secs(5)).await;
    assert_eq!(
        entries(&log),
        ["c", "b", "a"],
        "the outer one waits for the inner one"
    );
}

#[tokio::test(start_paused = true)]
async fn dropped_inner_transaction_is_rolled_back_although_the_outer_one_commits() {
    let log = Log::default();
    let result = TransactionBoundary::new("txa-given-up")
        .call_async(async |tx| {
            undo_later(tx, &log, "outer");
            let inner = TransactionBoundary::new("txa-given-up-inner")
                .parent(tx)
                .call_async(async |inner| {
                    undo_later(inner, &log, "inner");
                    pending::<Result<(), AppError>>().await
                });
            assert!(timeout(Duration::from_secs(5), inner).await.is_err());
            Ok::<_, AppError>(7)
        })
        .await;
    assert_eq!(result.unwrap(), 7);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(entries(&log), ["inner"]);
}

#[tokio::test(start_paused = true)]
async fn panic_in_a_task_rolls_back() {
    let log = Log::default();
    let shared = Arc::clone(&log);
    let joined = tokio::spawn(async move { save(&shared, "panic").await }).await;
    assert!(joined.unwrap_err().is_panic());
    sleep(Duration::from_secs(2)).await;
    assert_eq!(entries(&log), ["c", "callback", "b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn rollback_dropped_half_way_is_finished_by_a_task() {
    let log = Log::default();
    // The deadline falls into the compensation that awaits.
    assert!(
        timeout(Duration::from_millis(500), save(&log, "error"))
            .await
            .is_err()
    );
    assert_eq!(entries(&log), ["c", "callback"]);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(entries(&log), ["c", "callback", "b", "a"]);
}

#[test]
fn async_compensations_without_a_runtime_are_recorded_as_skipped() {
    let observed = Observed::on("txa-none");
    let log = Log::default();
    abandon(async {
        let _: Result<(), _> = transaction_boundary!("txa-none", |tx| {
            undo(tx, &log, "a");
            undo_later(tx, &log, "b");
            undo(tx, &log, "c");
            pending::<()>().await;
        });
    });
    assert_eq!(entries(&log), ["c", "a"], "the others run all the same");
    let critical: Vec<_> = observed
        .errors()
        .into_iter()
        .filter(|reported| reported.level == Severity::Critical)
        .collect();
    assert_eq!(critical.len(), 1);
    assert_eq!(
        critical[0].text,
        "compensation `b` of transaction `txa-none` failed"
    );
}

#[test]
fn runtime_that_shuts_down_records_skipped_compensations() {
    let observed = Observed::on("txa-shutdown");
    let log = Log::default();
    let runtime = one_thread();
    runtime.block_on(async {
        abandon(async {
            let _: Result<(), _> = transaction_boundary!("txa-shutdown", |tx| {
                undo(tx, &log, "a");
                undo_later(tx, &log, "b");
                pending::<()>().await;
            });
        });
    });
    drop(runtime);
    assert_eq!(entries(&log), ["a"]);
    assert!(
        observed
            .errors()
            .iter()
            .any(|reported| reported.level == Severity::Critical && reported.text.contains("`b`"))
    );
}

#[tokio::test(start_paused = true)]
async fn failing_and_panicking_async_compensations_are_reported_and_skipped() {
    let log = Log::default();
    let result: Result<(), _> = transaction_boundary!("txa-failing", |tx| {
        undo(tx, &log, "last");
        tx.on_rollback_async("fails", async || {
            sleep(Duration::from_secs(1)).await;
            Err::<(), _>("cannot")
        });
        tx.on_rollback_async("panics", async || panic!("broken"));
        tx.on_rollback_async("panics before it awaits", || -> std::future::Ready<()> {
            panic!("broken")
        });
        bail!(ErrorCode::DB_WRITE_ERROR);
    });
    let err = result.unwrap_err();
    let names: Vec<_> = err
        .downcast_ref::<RollbackFailures>()
        .unwrap()
        .iter()
        .map(RollbackFailure::compensation)
        .collect();
    assert_eq!(names, ["panics before it awaits", "panics", "fails"]);
    assert_eq!(entries(&log), ["last"]);
}

#[tokio::test(start_paused = true)]
async fn async_closure_awaits_inside_a_macro() {
    async fn step(ok: bool) -> Result<u32, std::fmt::Error> {
        sleep(Duration::from_secs(1)).await;
        if ok { Ok(1) } else { Err(std::fmt::Error) }
    }
    async fn both(log: &Log, ok: bool) -> Result<u32, AppError> {
        transaction_boundary!("txa-closure", async |tx| {
            undo(tx, log, "undo");
            let (a, b) = tokio::try_join!(step(true), step(ok))?;
            if a + b == 3 {
                return 3;
            }
            a + b
        })
    }
    let log = Log::default();
    assert_eq!(need_send(both(&log, true)).await.unwrap(), 2);
    assert_eq!(entries(&log), Vec::<&str>::new());
    assert!(both(&log, false).await.is_err());
    assert_eq!(entries(&log), ["undo"]);
}

#[tokio::test(start_paused = true)]
async fn body_without_an_await_may_have_async_compensations() {
    let log = Log::default();
    let result: Result<u8, _> = transaction_boundary!("txa-sync-body", |tx| {
        let log = Arc::clone(&log);
        tx.on_rollback_async("undo", async move || say(&log, "undone"));
        "x".parse::<u8>()?
    });
    assert!(result.is_err());
    assert_eq!(entries(&log), ["undone"]);
}

#[tokio::test(start_paused = true)]
async fn caught_panic_of_async_code_is_an_error_after_the_rollback() {
    let log = Log::default();
    let result: Result<(), _> = transaction_boundary!("txa-caught", catch_panics = true, |tx| {
        undo_later(tx, &log, "undone");
        sleep(Duration::from_secs(1)).await;
        panic!("boom");
    });
    assert_eq!(entries(&log), ["undone"]);
    assert!(result.unwrap_err().is(ErrorCode::PANIC_ERROR));
}

//! Counts of nested calls, and an open circuit in log, statistics and journal.

use crate::support::{Fault, Watch, counted, give_way};
use futures::future::join_all;
use gardefou::{
    AppError, ErrorCode, ErrorSystem, Rejection,
    boundary::ErrorBoundary,
    breaker::{CircuitBreaker, CircuitState, FailurePredicate},
    circuit_breakers, enhanced_error_handling, error_monitor,
    monitor::journal::{JournalConfig, Query},
    time::ManualClock,
    transaction_boundary, with_circuit_breaker,
};
use gardefou_tests::testkit::{
    log::{capture, ours},
    poll::poll_once,
    runtime::one_thread,
};
use std::{
    collections::BTreeSet,
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::Duration,
};

const RECOVERY: Duration = Duration::from_secs(60);

fn open(name: &str) -> CircuitBreaker {
    let breaker = circuit_breakers()
        .get_or_create(name, |builder| builder)
        .unwrap();
    breaker.force_open();
    breaker
}

fn is_timeout(outcome: &Result<(), Fault>) -> bool {
    matches!(outcome, Err(Fault::Timeout | Fault::Rejected(_)))
}

/// Fails by hand under a predicate that takes a rejection for a failure too.
fn by_hand(breaker: &CircuitBreaker, call: impl FnOnce() -> Result<(), Fault>) {
    let _ = breaker.call_with(FailurePredicate(is_timeout), call);
}

#[test]
fn rejection_of_an_inner_policy_is_neutral_for_every_failure_predicate() {
    let inner = open("neutral-inner");
    let rejected = || inner.call(|| Ok(()));
    let clock = ManualClock::new();
    let builder = CircuitBreaker::builder("neutral-outer")
        .failure_threshold(5)
        .recovery_timeout(RECOVERY);
    let outer = builder
        .recovery_jitter(0.0)
        .clock(clock.clone())
        .build()
        .unwrap();
    for _ in 0..4 {
        by_hand(&outer, || Err(Fault::Timeout));
    }
    for _ in 0..9 {
        by_hand(&outer, rejected);
    }
    assert_eq!(outer.state(), CircuitState::Closed);
    by_hand(&outer, || Err(Fault::Timeout));
    assert_eq!(
        outer.state(),
        CircuitState::Open,
        "the rejections neither counted nor began a new series"
    );

    clock.advance(RECOVERY);
    by_hand(&outer, rejected);
    assert_eq!(
        outer.state(),
        CircuitState::HalfOpen,
        "a rejected probe shows nothing"
    );
    by_hand(&outer, || Ok(()));
    assert_eq!(outer.state(), CircuitState::Closed);
}

#[with_circuit_breaker(name = "neutral-attribute", failure_threshold = 5, failure_if = is_timeout)]
async fn neutral_call(rejected: bool) -> Result<(), Fault> {
    give_way(1).await;
    let result = if rejected {
        open("neutral-inner").call(|| Ok(()))
    } else {
        Err(Fault::Timeout)
    };
    give_way(2).await;
    result
}

#[test]
fn rejection_of_an_inner_policy_is_neutral_in_async_code() {
    let runtime = one_thread();
    let calls = [false, false, true, false, true, false, true].map(neutral_call);
    let results = runtime.block_on(join_all(calls));
    assert!(results.iter().all(Result::is_err));
    let breaker = circuit_breakers().get("neutral-attribute").unwrap();
    assert_eq!(
        (breaker.state(), breaker.snapshot().counts.failure),
        (CircuitState::Closed, 4)
    );
    assert!(runtime.block_on(neutral_call(false)).is_err());
    assert_eq!(breaker.state(), CircuitState::Open);
}

fn no_error_is_a_failure(_: &Result<(), Fault>) -> bool {
    false
}

#[enhanced_error_handling]
async fn forgiven_inside() -> Result<(), Fault> {
    give_way(1).await;
    Err(Fault::Timeout)
}

#[with_circuit_breaker(name = "forgiven", failure_if = no_error_is_a_failure)]
async fn forgiven() -> Result<(), Fault> {
    forgiven_inside().await
}

#[enhanced_error_handling]
async fn forgiven_outside() -> Result<(), Fault> {
    forgiven().await
}

#[test]
fn error_that_a_breaker_counts_as_a_success_leaves_it_as_the_reported_one() {
    let watch = Watch::on("forgiven");
    let results = one_thread().block_on(join_all([
        forgiven_outside(),
        forgiven_outside(),
        forgiven_outside(),
    ]));
    assert!(results.iter().all(Result::is_err));
    assert_eq!(
        watch.operations(),
        ["forgiven_inside"; 3],
        "each of three errors once"
    );
    assert_eq!(
        circuit_breakers()
            .get("forgiven")
            .unwrap()
            .snapshot()
            .counts
            .success,
        3
    );
}

#[with_circuit_breaker(
    name = "entered-twice",
    failure_threshold = 5,
    recovery_timeout = 60,
    half_open_max_calls = 1
)]
fn outer_entry(outcome: fn() -> Result<(), Fault>) -> Result<(), Fault> {
    inner_entry(outcome)
}

#[with_circuit_breaker(
    name = "entered-twice",
    failure_threshold = 5,
    recovery_timeout = 60,
    half_open_max_calls = 1
)]
fn inner_entry(outcome: fn() -> Result<(), Fault>) -> Result<(), Fault> {
    outcome()
}

#[with_circuit_breaker(
    name = "entered-async",
    failure_threshold = 5,
    recovery_timeout = 60,
    half_open_max_calls = 1
)]
async fn outer_entry_async(outcome: fn() -> Result<(), Fault>) -> Result<(), Fault> {
    give_way(1).await;
    inner_entry_async(outcome).await
}

#[with_circuit_breaker(
    name = "entered-async",
    failure_threshold = 5,
    recovery_timeout = 60,
    half_open_max_calls = 1
)]
async fn inner_entry_async(outcome: fn() -> Result<(), Fault>) -> Result<(), Fault> {
    give_way(2).await;
    outcome()
}

/// Fails under a breaker until it opens, and lets it recover.
fn entered_twice(name: &str, call: impl Fn(fn() -> Result<(), Fault>) -> Result<(), Fault>) {
    let clock = ManualClock::new();
    let config = |builder: gardefou::breaker::BreakerBuilder| {
        builder
            .failure_threshold(5)
            .recovery_timeout(RECOVERY)
            .recovery_jitter(0.0)
            .clock(clock.clone())
    };
    let breaker = circuit_breakers()
        .get_or_create(name, |builder| config(builder).half_open_max_calls(1))
        .unwrap();
    for calls in 1..=5 {
        assert_eq!(breaker.state(), CircuitState::Closed, "before call {calls}");
        assert!(call(|| Err(Fault::Down)).is_err());
    }
    assert_eq!(
        (breaker.state(), breaker.snapshot().counts.failure),
        (CircuitState::Open, 5)
    );
    clock.advance(RECOVERY);
    assert!(call(|| Ok(())).is_ok());
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[test]
fn breaker_that_a_call_enters_twice_counts_it_once_and_recovers() {
    entered_twice("entered-twice", outer_entry);
    entered_twice("entered-async", |outcome| {
        one_thread().block_on(outer_entry_async(outcome))
    });
    let by_hand = CircuitBreaker::builder("entered-by-hand")
        .failure_threshold(5)
        .build()
        .unwrap();
    for _ in 0..4 {
        let _ = by_hand.call(|| by_hand.call(|| by_hand.call(|| Err::<(), _>(Fault::Down))));
    }
    assert_eq!(
        (by_hand.state(), by_hand.snapshot().counts.failure),
        (CircuitState::Closed, 4)
    );
}

#[test]
fn call_without_an_outcome_counts_only_where_no_inner_call_did() {
    let clock = ManualClock::new();
    let builder = CircuitBreaker::builder("ends-around")
        .failure_threshold(9)
        .clock(clock.clone());
    let breaker = builder.build().unwrap();
    let failures = || breaker.snapshot().counts.failure;
    let inner = || breaker.call_async(|| async { Err::<(), _>(Fault::Down) });

    let hangs = async |with_inner: bool| {
        if with_inner {
            assert!(inner().await.is_err());
        }
        pending::<Result<(), Fault>>().await
    };
    for (with_inner, counted) in [(true, 1), (false, 2)] {
        let mut outer = Box::pin(breaker.call_async(|| hangs(with_inner)));
        assert!(poll_once(outer.as_mut()).is_pending());
        clock.advance(RECOVERY);
        drop(outer);
        assert_eq!(failures(), counted, "dropped, {with_inner}");
    }
    let panics = async |with_inner: bool| -> Result<(), Fault> {
        if with_inner {
            assert!(inner().await.is_err());
        }
        give_way(0).await;
        panic!("broken")
    };
    for (with_inner, counted) in [(true, 3), (false, 4)] {
        let outer = || one_thread().block_on(breaker.call_async(|| panics(with_inner)));
        assert!(catch_unwind(AssertUnwindSafe(outer)).is_err());
        assert_eq!(failures(), counted, "panicked, {with_inner}");
    }
    for (with_inner, counted) in [(true, 5), (false, 6)] {
        let outer = || {
            breaker.call(|| {
                if with_inner {
                    assert!(breaker.call(|| Err::<(), _>(Fault::Down)).is_err());
                }
                panic!("broken");
                #[expect(unreachable_code, reason = "the type of the call")]
                Ok::<_, Fault>(())
            })
        };
        assert!(catch_unwind(AssertUnwindSafe(outer)).is_err());
        assert_eq!(failures(), counted, "sync, {with_inner}");
    }
}

#[enhanced_error_handling]
fn cut_off_call(breaker: &CircuitBreaker) -> Result<(), AppError> {
    breaker.call(|| Ok(()))
}

#[enhanced_error_handling]
fn cut_off_call_of_an_enum(breaker: &CircuitBreaker) -> Result<(), Fault> {
    breaker.call(|| Ok(()))
}

#[enhanced_error_handling]
fn cut_off_call_all(breaker: &CircuitBreaker) -> Result<(), AppError> {
    cut_off_call(breaker)
}

#[test]
fn rejections_are_counted_one_by_one_and_shown_as_their_opening() {
    let watch = Watch::alone_on("cut_off_call");
    let folder = tempfile::tempdir().unwrap();
    let journal = JournalConfig::builder(folder.path()).background(false);
    let guard = ErrorSystem::builder().journal(journal).init().unwrap();
    let breaker = CircuitBreaker::builder("cut-off")
        .failure_threshold(1)
        .build()
        .unwrap();
    let _ = breaker.call(|| Err::<(), _>(Fault::Down));
    let opening = breaker
        .call(|| Ok::<_, Rejection>(()))
        .unwrap_err()
        .opening()
        .unwrap()
        .to_string();
    let (ids, lines) = capture(ours(tracing::Level::INFO), || {
        let ids = (0..200).map(|_| cut_off_call_all(&breaker).unwrap_err().id().to_string());
        let ids: BTreeSet<_> = ids.collect();
        (0..100).for_each(|_| drop(cut_off_call_of_an_enum(&breaker)));
        ids
    });
    assert_eq!(ids, BTreeSet::from([opening.clone()]));
    assert_eq!(watch.errors().len(), 300);
    assert!(watch.errors().iter().all(|seen| seen.id == opening));
    assert_eq!(
        (
            counted("cut_off_call"),
            counted("cut_off_call_of_an_enum"),
            counted("cut_off_call_all")
        ),
        (200, 100, 0)
    );
    assert_eq!(
        lines.len(),
        0,
        "the opening was logged, and is not logged again: {lines:?}"
    );
    for operation in ["cut_off_call", "cut_off_call_of_an_enum"] {
        let page = error_monitor()
            .query(&Query::default().operation(operation))
            .unwrap();
        assert_eq!(page.records.len(), 0, "{operation}");
    }
    drop(guard);
}

#[test]
fn cancelled_transaction_is_a_line_at_debug_and_no_error() {
    let watch = Watch::on("cancelled_import");
    let undone = Arc::new(Mutex::new(Vec::new()));
    let line = std::cell::Cell::new(0);
    let ((), lines) = capture(ours(tracing::Level::DEBUG), || {
        let undone = Arc::clone(&undone);
        let import = async {
            line.set(line!() + 1);
            transaction_boundary!(
                "cancelled_import",
                error_code = ErrorCode::DB_WRITE_ERROR,
                |tx| {
                    tx.on_rollback("undo", move || undone.lock().unwrap().push("undo"));
                    pending::<()>().await;
                }
            )
        };
        one_thread().block_on(async {
            tokio::select! {
                biased;
                _ = import => unreachable!("it never ends"),
                () = give_way(1) => {}
            }
        });
    });
    assert_eq!(*undone.lock().unwrap(), ["undo"]);
    assert_eq!(watch.all().len(), 0);
    assert_eq!(counted("cancelled_import"), 0);
    let of_it: Vec<_> = lines
        .iter()
        .filter(|line| line.field("operation") == Some("cancelled_import"))
        .collect();
    assert!(
        of_it.iter().all(|line| line.level == tracing::Level::DEBUG),
        "{of_it:?}"
    );
    let cancelled = of_it
        .iter()
        .find(|line| line.field("message") == Some("cancelled"))
        .unwrap();
    assert_eq!(
        (cancelled.field("file"), cancelled.field("line")),
        (Some(file!()), Some(&*line.get().to_string()))
    );
}

#[test]
fn dropped_boundary_is_no_error() {
    let watch = Watch::on("cancelled_read");
    let boundary = ErrorBoundary::new("cancelled_read");
    one_thread().block_on(async {
        tokio::select! {
            biased;
            _ = boundary.call_async(pending::<Result<(), Fault>>) => unreachable!("it never ends"),
            () = give_way(1) => {}
        }
    });
    assert_eq!((watch.all().len(), counted("cancelled_read")), (0, 0));
}

#[enhanced_error_handling]
async fn swallowed_then_inner() -> Result<(), Fault> {
    Err(Fault::Down)
}

#[enhanced_error_handling]
async fn swallowed_then_outer(breaker: &CircuitBreaker) -> Result<(), Fault> {
    let guarded = breaker.call_async(|| async {
        let _ = swallowed_then_inner().await;
        tokio::task::yield_now().await;
        Ok::<(), Fault>(())
    });
    guarded.await?;
    Err(Fault::Down)
}

/// The errors are equal, and the first one went no further than the guarded future.
#[test]
fn error_that_a_guarded_future_swallowed_is_not_the_one_that_follows() {
    let watch = Watch::on("swallowed_then_");
    let breaker = CircuitBreaker::builder("swallowed-then").build().unwrap();
    assert!(
        one_thread()
            .block_on(swallowed_then_outer(&breaker))
            .is_err()
    );
    assert_eq!(
        watch.operations(),
        ["swallowed_then_inner", "swallowed_then_outer"]
    );
    watch.ids();
}

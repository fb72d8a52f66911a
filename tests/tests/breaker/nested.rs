//! Nested calls of one breaker.

use gardefou::{
    AppError, ErrorCode, Rejection,
    breaker::{CircuitBreaker, CircuitState, FailurePredicate},
    call::{Context, InCall},
    time::ManualClock,
    with_circuit_breaker,
};
use std::{io, time::Duration};

type R = Result<(), AppError>;

fn down() -> R {
    Err(AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "down"))
}

fn breaker(name: &str, threshold: u32) -> (CircuitBreaker, ManualClock) {
    let clock = ManualClock::new();
    let breaker = CircuitBreaker::builder(name)
        .failure_threshold(threshold)
        .half_open_max_calls(1)
        .recovery_timeout(Duration::from_secs(60))
        .recovery_jitter(0.0)
        .clock(clock.clone())
        .build()
        .unwrap();
    (breaker, clock)
}

/// Enters the breaker a number of times, one call inside another.
fn chain(breaker: &CircuitBreaker, depth: u32, innermost: &dyn Fn() -> R) -> R {
    if depth == 0 {
        innermost()
    } else {
        breaker.call(|| chain(breaker, depth - 1, innermost))
    }
}

#[test]
fn failure_counts_once_however_often_the_breaker_is_entered() {
    for depth in 1..5 {
        let (breaker, _) = breaker("nested-once", 5);
        for failures in 1..=5 {
            assert_eq!(breaker.state(), CircuitState::Closed);
            assert!(chain(&breaker, depth, &down).is_err());
            assert_eq!(breaker.snapshot().counts.failure, failures, "{depth}");
        }
        assert_eq!(breaker.state(), CircuitState::Open);
    }
}

#[test]
fn with_one_slot_a_chain_recovers() {
    for depth in 1..5 {
        let (breaker, clock) = breaker("nested-recovers", 1);
        assert!(chain(&breaker, depth, &down).is_err());
        clock.advance(Duration::from_secs(60));
        assert_eq!(chain(&breaker, depth, &|| Ok(())).ok(), Some(()), "{depth}");
        assert_eq!(breaker.state(), CircuitState::Closed);
    }
}

#[test]
fn probe_that_fails_inside_opens_once() {
    let (breaker, clock) = breaker("nested-reopens", 1);
    assert!(chain(&breaker, 3, &down).is_err());
    clock.advance(Duration::from_secs(60));
    assert!(chain(&breaker, 3, &down).is_err());
    let snapshot = breaker.snapshot();
    assert_eq!(
        (snapshot.state, snapshot.counts.failure),
        (CircuitState::Open, 2)
    );
}

#[test]
fn chain_records_only_a_handled_inner_failure() {
    let (breaker, _) = breaker("nested-handled", 2);
    for _ in 0..2 {
        let outcome = breaker.call(|| {
            let _ = breaker.call(down);
            Ok::<(), AppError>(())
        });
        assert!(outcome.is_ok());
    }
    assert_eq!(
        breaker.state(),
        CircuitState::Open,
        "the success of the outer call does not cancel the failure"
    );
}

#[test]
fn earlier_call_is_not_part_of_the_chain() {
    let (breaker, _) = breaker("nested-before", 9);
    let _ = breaker.call(down);
    let _ = breaker.call(down);
    assert_eq!(breaker.snapshot().counts.failure, 2);
}

#[test]
fn one_inner_call_at_a_time_runs_on_the_slot_of_the_outer_call() {
    let (breaker, clock) = breaker("nested-lent", 1);
    let _ = breaker.call(down);
    clock.advance(Duration::from_secs(60));
    let outcome = breaker.call(|| {
        // The inner call runs on the slot of the outer one, and the permit on that of the inner
        // one.
        breaker.call(|| {
            assert!(breaker.try_acquire().is_ok());
            Ok::<(), AppError>(())
        })
    });
    assert!(outcome.is_ok());
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[tokio::test]
async fn async_chains_count_once_and_recover_too() {
    let (breaker, clock) = breaker("nested-async", 3);
    async fn pair(breaker: &CircuitBreaker, fails: bool) -> R {
        breaker
            .call_async(|| async {
                tokio::task::yield_now().await;
                let inner = breaker.call_async(|| async {
                    tokio::task::yield_now().await;
                    if fails { down() } else { Ok(()) }
                });
                inner.await
            })
            .await
    }
    // Interleaved on one thread.
    let (a, b) = tokio::join!(pair(&breaker, true), pair(&breaker, true));
    assert!(a.is_err() && b.is_err());
    assert_eq!(breaker.snapshot().counts.failure, 2);
    assert!(pair(&breaker, true).await.is_err());
    assert_eq!(breaker.state(), CircuitState::Open);
    clock.advance(Duration::from_secs(60));
    assert!(pair(&breaker, false).await.is_ok());
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[tokio::test]
async fn two_calls_inside_do_not_share_one_slot() {
    let (breaker, clock) = breaker("nested-two-inside", 1);
    let _ = breaker.call(down);
    clock.advance(Duration::from_secs(60));
    let outcome = breaker.call_async(|| async {
        let inner = || {
            breaker.call_async(|| async {
                tokio::task::yield_now().await;
                Ok::<(), AppError>(())
            })
        };
        let (first, second) = tokio::join!(inner(), inner());
        assert!(first.is_ok());
        assert!(second.unwrap_err().is(ErrorCode::CIRCUIT_OPEN_ERROR));
        Ok::<(), AppError>(())
    });
    assert!(outcome.await.is_ok());
}

#[test]
fn successive_inner_calls_run_on_the_slot_of_the_outer_call() {
    let clock = ManualClock::new();
    let builder = CircuitBreaker::builder("nested-in-turn")
        .failure_threshold(1)
        .half_open_max_calls(2);
    let breaker = builder
        .success_threshold(2)
        .recovery_jitter(0.0)
        .clock(clock.clone())
        .build()
        .unwrap();
    let _ = breaker.call(down);
    clock.advance(Duration::from_secs(60));
    let other = breaker.try_acquire().unwrap();
    let outcome = breaker.call(|| {
        breaker.call(|| Ok::<(), AppError>(()))?;
        let elsewhere = || breaker.try_acquire().is_err();
        assert!(
            std::thread::scope(|scope| scope.spawn(elsewhere).join().unwrap()),
            "both slots are taken still"
        );
        breaker.call(|| Ok::<(), AppError>(()))
    });
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(breaker.state(), CircuitState::Closed);
    drop(other);
}

#[test]
fn inner_call_on_the_slot_of_the_outer_call_leaves_the_other_slot_free() {
    let clock = ManualClock::new();
    let builder = CircuitBreaker::builder("nested-free-slot")
        .failure_threshold(1)
        .half_open_max_calls(2);
    let breaker = builder.clock(clock.clone()).build().unwrap();
    let _ = breaker.call(down);
    clock.advance(Duration::from_secs(60));
    let is_free = || {
        std::thread::scope(|scope| {
            let elsewhere = || breaker.try_acquire().is_ok();
            scope.spawn(elsewhere).join().unwrap()
        })
    };
    let other = breaker.try_acquire().unwrap();
    let outcome = breaker.call(|| {
        breaker.call(|| {
            assert!(!is_free(), "one by the permit, one by both calls");
            other.ignore();
            assert!(is_free(), "that of the permit");
            Ok::<(), AppError>(())
        })
    });
    assert!(outcome.is_ok(), "{outcome:?}");
}

#[tokio::test]
async fn concurrent_chains_run_on_their_own_slots() {
    let clock = ManualClock::new();
    let builder = CircuitBreaker::builder("nested-two-chains")
        .failure_threshold(1)
        .half_open_max_calls(2);
    let breaker = builder
        .recovery_jitter(0.0)
        .clock(clock.clone())
        .build()
        .unwrap();
    let _ = breaker.call(down);
    clock.advance(Duration::from_secs(60));
    let chain = || {
        breaker.call_async(|| async {
            tokio::task::yield_now().await;
            let inner = breaker.call_async(|| async {
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
                Ok::<(), AppError>(())
            });
            inner.await
        })
    };
    let (first, second) = tokio::join!(chain(), chain());
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[tokio::test]
async fn task_with_the_context_is_part_of_the_chain() {
    let (breaker, _) = breaker("nested-spawned", 9);
    let inner = breaker.clone();
    let outcome = breaker.call_async(|| async {
        let context = Context::current();
        let task = async move { inner.call_async(|| async { down() }).await };
        tokio::spawn(task.in_call(context)).await.unwrap()
    });
    assert!(outcome.await.is_err());
    assert_eq!(breaker.snapshot().counts.failure, 1);
}

#[with_circuit_breaker(
    name = "nested-attribute",
    failure_threshold = 5,
    half_open_max_calls = 1
)]
fn outer() -> R {
    inner()
}

#[with_circuit_breaker(
    name = "nested-attribute",
    failure_threshold = 5,
    half_open_max_calls = 1
)]
fn inner() -> R {
    down()
}

#[test]
fn attributes_of_one_name_count_once() {
    for _ in 0..4 {
        assert!(outer().is_err());
    }
    let breaker = gardefou::circuit_breakers()
        .get("nested-attribute")
        .unwrap();
    assert_eq!(
        (breaker.state(), breaker.snapshot().counts.failure),
        (CircuitState::Closed, 4)
    );
    assert!(outer().is_err());
    assert_eq!(breaker.state(), CircuitState::Open);
}

#[derive(Debug)]
enum Failed {
    Timeout,
    Rejected(#[expect(dead_code, reason = "held as a user holds it")] Rejection),
}

impl From<Rejection> for Failed {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

#[test]
fn rejection_of_an_inner_policy_is_neutral_for_every_predicate() {
    let (outer, clock) = breaker("nested-neutral", 5);
    let (inner, _) = breaker("nested-neutral-inner", 1);
    inner.force_open();
    let timeouts =
        FailurePredicate(|outcome: &Result<(), Failed>| matches!(outcome, Err(Failed::Timeout)));
    let fail = || outer.call_with(timeouts, || Err::<(), _>(Failed::Timeout));
    let reject = || outer.call_with(timeouts, || inner.call(|| Ok::<(), Failed>(())));
    for _ in 0..4 {
        let _ = fail();
    }
    assert!(reject().is_err());
    let _ = fail();
    assert_eq!(
        outer.state(),
        CircuitState::Open,
        "the rejection did not interrupt the failures in a row"
    );
    clock.advance(Duration::from_secs(60));
    assert!(reject().is_err());
    assert_eq!(
        outer.state(),
        CircuitState::HalfOpen,
        "nor does it close the circuit"
    );
}

#[test]
fn rejection_that_was_handled_leaves_the_outcome_as_it_is() {
    let (outer, _) = breaker("nested-handled-rejection", 1);
    let (inner, _) = breaker("nested-handled-rejection-inner", 1);
    inner.force_open();
    let outcome = outer.call(|| {
        assert!(inner.call(|| Ok::<(), AppError>(())).is_err());
        Err::<(), AppError>(io::Error::from(io::ErrorKind::ConnectionReset).into())
    });
    assert!(outcome.is_err());
    assert_eq!(outer.state(), CircuitState::Open);
}

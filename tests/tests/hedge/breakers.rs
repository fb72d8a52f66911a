//! Breakers inside and around a hedge.

use crate::support::{MS, after, transient};
use gardefou::{
    AppError, ErrorCode,
    breaker::{CircuitBreaker, CircuitState},
};
use std::{cell::Cell, future::pending};

#[tokio::test(start_paused = true)]
async fn attempt_that_lost_counts_as_nothing() {
    let breaker = CircuitBreaker::builder("hedge-superseded")
        .failure_threshold(1)
        .abandoned_after(MS)
        .build()
        .unwrap();
    let hedge = after(50).max_hedges(2).build().unwrap();
    let attempts = Cell::new(0);
    let outcome = hedge.call_async(|| {
        let attempt = attempts.replace(attempts.get() + 1);
        let (breaker, attempt) = (&breaker, attempt);
        async move {
            if attempt == 2 {
                return Ok::<_, AppError>("won outside of the breaker");
            }
            breaker.call_async(pending).await
        }
    });
    assert!(outcome.await.is_ok());
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.counts.failure, snapshot.counts.success), (0, 0));
    assert_eq!(breaker.state(), CircuitState::Closed);
}

/// A probe that lost gives its slot back.
#[tokio::test(start_paused = true)]
async fn probe_that_lost_gives_its_slot_back() {
    let breaker = CircuitBreaker::builder("hedge-probe")
        .half_open_max_calls(1)
        .build()
        .unwrap();
    breaker.force_open();
    breaker.half_open().unwrap();
    let hedge = after(50).build().unwrap();
    let attempts = Cell::new(0);
    let outcome = hedge.call_async(|| {
        let (breaker, attempt) = (&breaker, attempts.replace(attempts.get() + 1));
        async move {
            if attempt == 1 {
                Ok::<_, AppError>(())
            } else {
                breaker.call_async(pending).await
            }
        }
    });
    assert!(outcome.await.is_ok());
    assert!(breaker.try_acquire().is_ok());
}

#[tokio::test(start_paused = true)]
async fn open_circuit_starts_no_attempt_and_ends_none_under_way() {
    let breaker = CircuitBreaker::builder("hedge-open").build().unwrap();
    breaker.force_open();
    let hedge = after(50).max_hedges(3).build().unwrap();
    let call = hedge.call_async(|| breaker.call_async(|| async { Ok::<_, AppError>(()) }));
    assert!(call.await.unwrap_err().is(ErrorCode::CIRCUIT_OPEN_ERROR));
    assert_eq!(hedge.snapshot().started, 0);

    breaker.reset();
    let call = hedge.call_async(|| {
        breaker.call_async(|| async {
            tokio::time::sleep(MS * 60).await;
            Ok::<_, AppError>(())
        })
    });
    let opened = async {
        tokio::time::sleep(MS * 20).await;
        breaker.force_open();
    };
    let (outcome, ()) = tokio::join!(call, opened);
    assert!(outcome.is_ok(), "the first one went on");
    assert_eq!(hedge.snapshot().started, 1);
}

#[tokio::test(start_paused = true)]
async fn breaker_around_a_hedge_counts_one_outcome_of_a_call() {
    let breaker = CircuitBreaker::builder("hedge-around")
        .failure_threshold(9)
        .build()
        .unwrap();
    let hedge = after(50).max_hedges(2).build().unwrap();
    let failing = breaker.call_async(|| hedge.call_async(|| async { Err::<(), _>(transient()) }));
    assert!(failing.await.is_err());
    assert_eq!(hedge.snapshot().started, 2);
    assert_eq!(breaker.snapshot().counts.failure, 1);
}

#[tokio::test(start_paused = true)]
async fn breaker_inside_counts_each_attempt() {
    let breaker = CircuitBreaker::builder("hedge-inside")
        .failure_threshold(9)
        .build()
        .unwrap();
    let hedge = after(50).max_hedges(2).build().unwrap();
    let call = hedge.call_async(|| breaker.call_async(|| async { Err::<(), _>(transient()) }));
    assert!(call.await.is_err());
    assert_eq!(breaker.snapshot().counts.failure, 3);
}

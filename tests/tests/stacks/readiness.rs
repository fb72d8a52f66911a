//! Readiness, permits and slots: nothing is taken before a call is polled, and nothing is lost.

use crate::support::{Strict, block_on, quick_retry};
use gardefou::{
    AppError, Rejection,
    breaker::{CircuitBreaker, CircuitState},
    bulkhead::Bulkhead,
    integrations::tower::{
        BoxError, BulkheadLayer, CircuitBreakerLayer, RateLimitLayer, RetryLayer, TimeoutLayer,
    },
    rate_limit::RateLimiter,
    time::ManualClock,
    timeout::Timeout,
};
use gardefou_tests::testkit::poll::poll_once;
use std::{
    future::pending,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

/// A breaker with one slot for a probe.
fn half_open() -> CircuitBreaker {
    let breaker = CircuitBreaker::builder("search")
        .half_open_max_calls(1)
        .build()
        .unwrap();
    breaker.force_open();
    breaker.half_open().unwrap();
    breaker
}

fn free_slots(breaker: &CircuitBreaker) -> bool {
    breaker.try_acquire().map(drop).is_ok()
}

#[test]
fn ready_service_that_is_not_called_holds_no_slot() {
    block_on(async {
        let breaker = half_open();
        let inner = Strict::new(|(), _| Ok::<_, BoxError>(()));
        let mut service = ServiceBuilder::new()
            .layer(CircuitBreakerLayer::new(breaker.clone()))
            .service(inner);
        let mut other = service.clone();
        service.ready().await.unwrap();
        assert!(free_slots(&breaker));
        drop(service);
        other.ready().await.unwrap().call(()).await.unwrap();
        assert_eq!(breaker.state(), CircuitState::Closed);
    });
}

#[test]
fn call_that_is_never_polled_takes_no_slot_and_calls_nothing() {
    block_on(async {
        let breaker = half_open();
        let inner = Strict::new(|(), _| Ok::<_, BoxError>(()));
        let shared = Arc::clone(&inner.shared);
        let timeout = Timeout::builder("search")
            .limit(Duration::from_secs(5))
            .build()
            .unwrap();
        let mut service = ServiceBuilder::new()
            .layer(TimeoutLayer::new(timeout))
            .layer(RetryLayer::new(quick_retry().build().unwrap()))
            .layer(CircuitBreakerLayer::new(breaker.clone()))
            .service(inner);
        let unpolled = service.ready().await.unwrap().call(());
        assert!(free_slots(&breaker));
        drop(unpolled);
        assert!(free_slots(&breaker));
        assert_eq!(shared.calls.load(Ordering::Relaxed), 0);
        assert_eq!(breaker.snapshot().counts.total(), 0);
    });
}

#[test]
fn call_that_is_dropped_half_way_gives_its_slot_back() {
    block_on(async {
        let breaker = half_open();
        let mut service = ServiceBuilder::new()
            .layer(CircuitBreakerLayer::new(breaker.clone()))
            .service(service_fn(|(): ()| pending::<Result<(), BoxError>>()));
        {
            let mut call = pin!(service.ready().await.unwrap().call(()));
            assert!(poll_once(call.as_mut()).is_pending());
            assert!(!free_slots(&breaker));
        }
        assert!(free_slots(&breaker));
        assert_eq!(breaker.state(), CircuitState::HalfOpen, "no verdict");
    });
}

#[test]
fn service_that_was_ready_is_the_one_that_is_called_in_each_attempt() {
    block_on(async {
        let inner = Strict::new(|text: &'static str, index| match index {
            0 | 1 => Err("busy".into()),
            _ => Ok::<_, BoxError>(text),
        });
        let shared = Arc::clone(&inner.shared);
        *shared.readiness.lock().unwrap() = vec![
            std::task::Poll::Ready(Ok(())),
            std::task::Poll::Pending, // before the third call
            std::task::Poll::Ready(Ok(())),
            std::task::Poll::Ready(Ok(())),
        ];
        let breaker = CircuitBreaker::builder("search").build().unwrap();
        let mut service = ServiceBuilder::new()
            .layer(RetryLayer::new(quick_retry().build().unwrap()))
            .layer(CircuitBreakerLayer::new(breaker.clone()))
            .service(inner);
        let answer = service.ready().await.unwrap().call("hello").await.unwrap();
        assert_eq!(answer, "hello");
        assert_eq!(shared.calls.load(Ordering::Relaxed), 3);
        assert_eq!(shared.polled_ready.load(Ordering::Relaxed), 4);
        let counts = breaker.snapshot().counts;
        assert_eq!((counts.failure, counts.success), (2, 1));
    });
}

#[tokio::test(start_paused = true)]
async fn slot_of_a_bulkhead_is_taken_by_the_first_poll_and_given_back_by_the_drop() {
    let bulkhead = Bulkhead::builder("search")
        .max_concurrent(1)
        .max_wait(Duration::from_secs(5))
        .max_queue(1)
        .build()
        .unwrap();
    let mut service = ServiceBuilder::new()
        .layer(BulkheadLayer::new(bulkhead.clone()))
        .service(service_fn(|(): ()| pending::<Result<(), BoxError>>()));
    let in_flight = || bulkhead.snapshot().in_flight;
    let mut call = || Box::pin(service.call(()));
    let (mut runs, mut waits, unpolled) = (call(), call(), call());
    assert_eq!(in_flight(), 0);
    assert!(poll_once(runs.as_mut()).is_pending());
    assert!(poll_once(waits.as_mut()).is_pending());
    assert_eq!((in_flight(), bulkhead.snapshot().queued), (1, 1));
    let err = call().await.unwrap_err();
    assert!(err.is::<Rejection>(), "the queue is full");
    drop(runs);
    assert!(poll_once(waits.as_mut()).is_pending());
    assert_eq!((in_flight(), bulkhead.snapshot().queued), (1, 0));
    drop((waits, unpolled));
    assert_eq!(in_flight(), 0);
}

#[test]
fn permit_of_a_rate_limiter_is_taken_by_the_first_poll() {
    block_on(async {
        let limiter = RateLimiter::builder("search")
            .rate("1/s")
            .burst(1)
            .clock(ManualClock::new())
            .build()
            .unwrap();
        let inner = Strict::new(|(), _| Ok::<_, BoxError>(()));
        let shared = Arc::clone(&inner.shared);
        let mut service = ServiceBuilder::new()
            .layer(RateLimitLayer::new(limiter))
            .service(inner);
        drop(service.ready().await.unwrap().call(()));
        service.ready().await.unwrap().call(()).await.unwrap();
        let err = service.ready().await.unwrap().call(()).await.unwrap_err();
        assert_eq!(shared.calls.load(Ordering::Relaxed), 1);
        assert_eq!(AppError::from_boxed(err).to_problem().status(), 429);
    });
}

#[test]
fn rejected_call_does_not_reach_the_service() {
    block_on(async {
        let breaker = CircuitBreaker::builder("search").build().unwrap();
        breaker.force_open();
        let inner = Strict::new(|(), _| Ok::<_, BoxError>(()));
        let shared = Arc::clone(&inner.shared);
        let service = ServiceBuilder::new()
            .layer(CircuitBreakerLayer::new(breaker))
            .service(inner);
        let err = service.oneshot(()).await.unwrap_err();
        assert_eq!(err.downcast_ref::<Rejection>().unwrap().name(), "search");
        assert_eq!(shared.calls.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn panics_of_the_service_and_of_its_future_are_failures_once() {
    block_on(async {
        for panics_at_once in [true, false] {
            let breaker = CircuitBreaker::builder("search").build().unwrap();
            let inner = service_fn(move |()| {
                assert!(!panics_at_once, "as wanted");
                async move {
                    tokio::task::yield_now().await;
                    assert!(panics_at_once, "as wanted");
                    Ok::<(), BoxError>(())
                }
            });
            let service = ServiceBuilder::new()
                .layer(RetryLayer::new(quick_retry().build().unwrap()))
                .layer(CircuitBreakerLayer::new(breaker.clone()))
                .service(inner);
            let panicked = tokio::spawn(service.oneshot(())).await;
            assert!(panicked.unwrap_err().is_panic());
            assert_eq!(breaker.snapshot().counts.failure, 1);
            assert_eq!(breaker.snapshot().counts.total(), 1);
        }
    });
}

#[tokio::test(start_paused = true)]
async fn call_that_a_timeout_drops_is_a_failure_of_the_breaker_inside() {
    let breaker = CircuitBreaker::builder("search").build().unwrap();
    let timeout = Timeout::builder("search")
        .limit(Duration::from_secs(5))
        .build()
        .unwrap();
    let service = ServiceBuilder::new()
        .layer(TimeoutLayer::new(timeout))
        .layer(CircuitBreakerLayer::new(breaker.clone()))
        .service(service_fn(|(): ()| pending::<Result<(), BoxError>>()));
    let err = service.oneshot(()).await.unwrap_err();
    assert!(err.downcast_ref::<Rejection>().unwrap().ran());
    assert_eq!(breaker.snapshot().counts.failure, 1);
}

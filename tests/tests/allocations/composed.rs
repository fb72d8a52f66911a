//! Timeouts, fallbacks and pipelines.

use super::allocations;
use gardefou::{
    AppError,
    breaker::CircuitBreaker,
    bulkhead::Bulkhead,
    fallback,
    fallback::Fallback,
    pipeline::Pipeline,
    rate_limit::{Rate, RateLimiter},
    resilient,
    retry::Retry,
    timeout,
    timeout::Timeout,
};
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

const MINUTE: Duration = Duration::from_secs(60);

fn polled<T>(future: impl Future<Output = Result<T, AppError>>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome.unwrap(),
        Poll::Pending => panic!("pending"),
    }
}

#[timeout("60s")]
#[fallback(0)]
fn limited(n: u64) -> Result<u64, AppError> {
    Ok(n)
}

#[timeout("60s")]
#[fallback(0)]
async fn limited_async(n: u64) -> Result<u64, AppError> {
    Ok(n)
}

#[resilient(
    name = "allocations-resilient",
    timeout = "60s",
    retry,
    circuit_breaker,
    rate_limit = "1_000_000/s",
    bulkhead,
    attempt_timeout = "30s",
    fallback = 0
)]
fn together(n: u64) -> Result<u64, AppError> {
    Ok(n)
}

#[resilient(
    name = "allocations-resilient-async",
    timeout = "60s",
    retry,
    circuit_breaker,
    rate_limit = "1_000_000/s",
    bulkhead,
    attempt_timeout = "30s",
    fallback = 0
)]
async fn together_async(n: u64) -> Result<u64, AppError> {
    Ok(n)
}

#[test]
fn successful_calls_by_attribute_allocate_nothing() {
    assert_eq!(allocations(|| assert_eq!(limited(3).unwrap(), 3)), 0);
    assert_eq!(allocations(|| assert_eq!(polled(limited_async(3)), 3)), 0);
    assert_eq!(allocations(|| assert_eq!(together(3).unwrap(), 3)), 0);
    assert_eq!(allocations(|| assert_eq!(polled(together_async(3)), 3)), 0);
}

#[test]
fn successful_calls_by_hand_allocate_nothing() {
    let timeout = Timeout::builder("allocations")
        .limit(MINUTE)
        .build()
        .unwrap();
    let fallback = Fallback::new("allocations").unwrap();
    let pipeline = Pipeline::builder("allocations")
        .timeout(MINUTE)
        .retry(Retry::builder())
        .circuit_breaker(CircuitBreaker::builder("allocations"))
        .rate_limit(RateLimiter::builder("allocations").rate(Rate::per_second(1_000_000)))
        .bulkhead(Bulkhead::builder("allocations"))
        .attempt_timeout(MINUTE)
        .build()
        .unwrap();
    let empty = Pipeline::builder("allocations").build().unwrap();
    let f = || Ok::<_, AppError>(3);
    assert_eq!(allocations(|| assert_eq!(timeout.call(f).unwrap(), 3)), 0);
    assert_eq!(
        allocations(|| assert_eq!(fallback.call(f, |_| 0).unwrap(), 3)),
        0
    );
    for pipeline in [&pipeline, &empty] {
        assert_eq!(allocations(|| assert_eq!(pipeline.call(f).unwrap(), 3)), 0);
        assert_eq!(
            allocations(|| assert_eq!(polled(pipeline.call_async(|| async { f() })), 3)),
            0
        );
    }
    assert_eq!(
        allocations(|| assert_eq!(polled(timeout.call_async(|| async { f() })), 3)),
        0
    );
}

#[test]
fn call_past_its_deadline_is_rejected_without_an_allocation() {
    use gardefou::{Rejection, call};
    let timeout = Timeout::builder("allocations")
        .limit(MINUTE)
        .build()
        .unwrap();
    call::Context::current()
        .with_timeout(Duration::ZERO)
        .run(|| {
            let rejected = || {
                let rejection = timeout.call(|| Ok::<_, Rejection>(3)).unwrap_err();
                assert!(!rejection.ran());
            };
            assert_eq!(allocations(rejected), 0);
        });
}

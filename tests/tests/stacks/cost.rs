//! Allocations and sizes of the layers.

use gardefou::{
    breaker::CircuitBreaker,
    bulkhead::Bulkhead,
    hedge::Hedge,
    integrations::tower::{
        BoxError, CircuitBreakerLayer, HedgeLayer, PipelineLayer, RetryLayer, TimeoutLayer,
    },
    pipeline::{Pipeline, PipelineBuilder},
    rate_limit::RateLimiter,
    retry::Retry,
    timeout::Timeout,
};
use gardefou_tests::testkit::poll::ready;
use std::{
    future::{Ready, ready as done},
    task::{Context, Poll},
    time::Duration,
};
use tower::{Service, ServiceBuilder};

#[derive(Clone)]
struct Echo;

impl Service<u64> for Echo {
    type Response = u64;
    type Error = BoxError;
    type Future = Ready<Result<u64, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: u64) -> Self::Future {
        done(Ok(request))
    }
}

fn allocations(mut run: impl FnMut()) -> u64 {
    run();
    allocation_counter::measure(run).count_total
}

fn guards() -> (Timeout, Retry, CircuitBreaker) {
    let timeout = Timeout::builder("search").limit(Duration::from_secs(5));
    (
        timeout.build().unwrap(),
        Retry::builder().build().unwrap(),
        CircuitBreaker::builder("search").build().unwrap(),
    )
}

fn hedge() -> Hedge {
    let hedge = Hedge::builder("search").after(Duration::from_millis(50));
    hedge.build().unwrap()
}

fn pipeline() -> PipelineBuilder {
    let (timeout, retry, breaker) = guards();
    Pipeline::builder("search")
        .timeout(timeout)
        .retry(retry)
        .circuit_breaker(breaker)
        .rate_limit(RateLimiter::builder("search").rate("1000/s"))
        .bulkhead(Bulkhead::builder("search"))
        .attempt_timeout(Duration::from_secs(1))
}

#[test]
fn call_that_succeeds_allocates_nothing() {
    let (timeout, retry, breaker) = guards();
    let mut service = ServiceBuilder::new()
        .layer(RetryLayer::new(retry))
        .layer(CircuitBreakerLayer::new(breaker))
        .service(Echo);
    let call = || assert_eq!(ready(service.call(7)).unwrap(), 7);
    assert_eq!(allocations(call), 0);
    let mut service = ServiceBuilder::new()
        .layer(TimeoutLayer::new(timeout))
        .service(Echo);
    // The thread's list of deadlines has its room after the first call.
    let call = || assert_eq!(ready(service.call(7)).unwrap(), 7);
    assert_eq!(allocations(call), 0);
    let mut service = ServiceBuilder::new()
        .layer(HedgeLayer::new(hedge()))
        .service(Echo);
    let call = || assert_eq!(ready(service.call(7)).unwrap(), 7);
    assert_eq!(allocations(call), 0);
}

#[test]
fn call_through_all_policies_of_a_pipeline_allocates_nothing() {
    let layers = [
        PipelineLayer::new(pipeline().build().unwrap()),
        PipelineLayer::new(pipeline().hedge(hedge()).build().unwrap()),
    ];
    for layer in layers {
        let mut service = ServiceBuilder::new().layer(layer).service(Echo);
        let call = || assert_eq!(ready(service.call(7)).unwrap(), 7);
        assert_eq!(allocations(call), 0);
    }
}

#[test]
fn rejection_allocates_its_box_alone() {
    let (_, _, breaker) = guards();
    breaker.force_open();
    let mut service = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(breaker))
        .service(Echo);
    let call = || assert!(ready(service.call(7)).is_err());
    assert_eq!(allocations(call), 1);
}

#[test]
#[cfg_attr(feature = "chaos", ignore = "its futures have room for a fault")]
fn futures_stay_small() {
    let (timeout, retry, breaker) = guards();
    let size = |future: &dyn std::any::Any| size_of_val(future);
    let inner = size(&Echo.call(7));
    let breaker = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(breaker))
        .service(Echo)
        .call(7);
    let retry = ServiceBuilder::new()
        .layer(RetryLayer::new(retry))
        .service(Echo)
        .call(7);
    let timeout = ServiceBuilder::new()
        .layer(TimeoutLayer::new(timeout))
        .service(Echo)
        .call(7);
    let hedge = ServiceBuilder::new()
        .layer(HedgeLayer::new(hedge()))
        .service(Echo)
        .call(7);
    let pipeline = ServiceBuilder::new()
        .layer(PipelineLayer::new(pipeline().build().unwrap()))
        .service(Echo)
        .call(7);
    let added = [
        size(&breaker),
        size(&retry),
        size(&timeout),
        size(&hedge),
        size(&pipeline),
    ]
    .map(|whole| whole - inner);
    let most = [48, 208, 160, 256, 880];
    assert!(
        added.iter().zip(most).all(|(added, most)| *added <= most),
        "added to {inner} bytes: {added:?}"
    );
}

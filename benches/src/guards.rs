//! What timeouts, fallbacks and pipelines cost.

use crate::{
    Table,
    breaker::{Error, add_one},
};
use gardefou::{
    breaker::CircuitBreaker,
    bulkhead::Bulkhead,
    fallback::Fallback,
    pipeline::Pipeline,
    rate_limit::{Rate, RateLimiter},
    resilient,
    retry::Retry,
    timeout,
    timeout::Timeout,
};
use std::{
    future::{Future, ready},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

const MINUTE: Duration = Duration::from_secs(60);

fn value(outcome: Result<u64, Error>) -> u64 {
    outcome.unwrap_or(0)
}

/// Polls a future where it stands, as a runtime does: moving it would cost more than most guards.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "the future is to be made in the measured function"
)]
fn polled(future: impl Future<Output = Result<u64, Error>>) -> u64 {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => value(outcome),
        Poll::Pending => 0,
    }
}

#[timeout("60s")]
fn limited(n: u64) -> Result<u64, Error> {
    add_one(n)
}

#[timeout("60s")]
async fn limited_async(n: u64) -> Result<u64, Error> {
    ready(add_one(n)).await
}

#[resilient(
    name = "bench",
    timeout = "60s",
    retry,
    circuit_breaker,
    rate_limit = "1_000_000_000/s",
    bulkhead
)]
fn five(n: u64) -> Result<u64, Error> {
    add_one(n)
}

#[resilient(
    name = "bench-async",
    timeout = "60s",
    retry,
    circuit_breaker,
    rate_limit = "1_000_000_000/s",
    bulkhead
)]
async fn five_async(n: u64) -> Result<u64, Error> {
    ready(add_one(n)).await
}

/// Measures calls that succeed at once.
///
/// # Panics
///
/// Never: the configurations are legal.
pub fn all(table: &mut Table) {
    table.both("floor: bare call", |n| value(add_one(n)));
    table.single("bare async call, polled once", |n| {
        polled(async { ready(add_one(n)).await })
    });
    let timeout = Timeout::builder("bench")
        .limit(MINUTE)
        .build()
        .expect("legal");
    table.both("timeout, `call`", |n| value(timeout.call(|| add_one(n))));
    table.both("timeout, `#[timeout]`", |n| value(limited(n)));
    table.both("timeout, `call_async`, polled once", |n| {
        polled(timeout.call_async(|| async { ready(add_one(n)).await }))
    });
    table.both("timeout, `#[timeout]` async, polled once", |n| {
        polled(limited_async(n))
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("the machine has timers");
    let entered = runtime.enter();
    table.single("tokio's timeout, polled once", |n| {
        let limited = tokio::time::timeout(MINUTE, async { ready(add_one(n)).await });
        match pin!(limited).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(outcome)) => value(outcome),
            _ => 0,
        }
    });
    drop(entered);
    let fallback = Fallback::new("bench").expect("legal");
    table.both("fallback, `call`", |n| {
        value(fallback.call(|| add_one(n), |_| 0))
    });
    let empty = Pipeline::builder("bench").build().expect("legal");
    table.both("pipeline without policies, `call`", |n| {
        value(empty.call(|| add_one(n)))
    });
    table.single(
        "pipeline without policies, `call_async`, polled once",
        |n| polled(empty.call_async(|| async { ready(add_one(n)).await })),
    );
    let five_by_hand = Pipeline::builder("bench")
        .timeout(MINUTE)
        .retry(Retry::builder())
        .circuit_breaker(CircuitBreaker::builder("bench"))
        .rate_limit(RateLimiter::builder("bench").rate(Rate::per_second(1_000_000_000)))
        .bulkhead(Bulkhead::builder("bench"))
        .build()
        .expect("legal");
    table.both("pipeline of five policies, `call`", |n| {
        value(five_by_hand.call(|| add_one(n)))
    });
    table.both("pipeline of five policies, `#[resilient]`", |n| {
        value(five(n))
    });
    table.both(
        "pipeline of five policies, `call_async`, polled once",
        |n| polled(five_by_hand.call_async(|| async { ready(add_one(n)).await })),
    );
    table.both(
        "pipeline of five policies, `#[resilient]` async, polled once",
        |n| polled(five_async(n)),
    );
}

//! What timeouts, hedges, fallbacks and pipelines cost.

use crate::{
    Table,
    breaker::{Error, add_one, add_one_async, value},
    enter, polled,
};
use gardefou::{
    breaker::CircuitBreaker,
    bulkhead::Bulkhead,
    fallback::Fallback,
    hedge,
    hedge::Hedge,
    pipeline::Pipeline,
    rate_limit::{Rate, RateLimiter},
    resilient,
    retry::Retry,
    timeout,
    timeout::Timeout,
};
use std::time::Duration;

/// Longer than any call of a benchmark.
pub const MINUTE: Duration = Duration::from_secs(60);

#[timeout("60s")]
fn limited(n: u64) -> Result<u64, Error> {
    add_one(n)
}

#[timeout("60s")]
async fn limited_async(n: u64) -> Result<u64, Error> {
    add_one_async(n).await
}

#[hedge(after = "60s")]
async fn hedged(n: u64) -> Result<u64, Error> {
    add_one_async(n).await
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
    add_one_async(n).await
}

/// Returns our five policies as one value.
///
/// # Panics
///
/// Never: the configurations are legal.
#[must_use]
pub fn five_by_hand() -> Pipeline {
    Pipeline::builder("bench")
        .timeout(MINUTE)
        .retry(Retry::builder())
        .circuit_breaker(CircuitBreaker::builder("bench"))
        .rate_limit(RateLimiter::builder("bench").rate(Rate::per_second(1_000_000_000)))
        .bulkhead(Bulkhead::builder("bench"))
        .build()
        .expect("legal")
}

/// Measures timeouts of calls that succeed at once.
///
/// # Panics
///
/// Never: the configuration is legal.
pub fn timeouts(table: &mut Table) {
    let timeout = Timeout::builder("bench")
        .limit(MINUTE)
        .build()
        .expect("legal");
    table.both("floor: bare call", |n| value(add_one(n)));
    table.both("timeout, `call`", |n| value(timeout.call(|| add_one(n))));
    table.both("timeout, `#[timeout]`", |n| value(limited(n)));
    table.both("bare async call, polled once", |n| polled(add_one_async(n)));
    table.each("floor: timeout of tokio, polled once", || {
        let entered = enter();
        move |n| {
            let _entered = &entered;
            polled(async {
                tokio::time::timeout(MINUTE, add_one_async(n))
                    .await
                    .unwrap_or(Ok(0))
            })
        }
    });
    table.both("timeout, `call_async`, polled once", |n| {
        polled(timeout.call_async(|| add_one_async(n)))
    });
    table.both("timeout, `#[timeout]` async, polled once", |n| {
        polled(limited_async(n))
    });
}

/// Measures hedged calls that succeed at once.
///
/// # Panics
///
/// Never: the configuration is legal.
pub fn hedges(table: &mut Table) {
    let hedge = Hedge::builder("bench")
        .after(MINUTE)
        .build()
        .expect("legal");
    table.both("floor: bare async call, polled once", |n| {
        polled(add_one_async(n))
    });
    table.both("hedge, `call_async`, polled once", |n| {
        polled(hedge.call_async(|| add_one_async(n)))
    });
    table.both("hedge, `#[hedge]`, polled once", |n| polled(hedged(n)));
}

/// Measures fallbacks that are not used.
///
/// # Panics
///
/// Never: the name is legal.
pub fn fallbacks(table: &mut Table) {
    let fallback = Fallback::new("bench").expect("legal");
    table.both("floor: bare call", |n| value(add_one(n)));
    table.both("fallback, `call`", |n| {
        value(fallback.call(|| add_one(n), |_| 0))
    });
    table.both("floor: bare async call, polled once", |n| {
        polled(add_one_async(n))
    });
    table.both("fallback, `call_async`, polled once", |n| {
        polled(fallback.call_async(|| add_one_async(n), async |_| 0))
    });
}

/// Measures pipelines around calls that succeed at once.
///
/// # Panics
///
/// Never: the configurations are legal.
pub fn pipelines(table: &mut Table) {
    let empty = Pipeline::builder("bench").build().expect("legal");
    let by_hand = five_by_hand();
    table.both("floor: bare call", |n| value(add_one(n)));
    table.both("pipeline without policies, `call`", |n| {
        value(empty.call(|| add_one(n)))
    });
    table.both("pipeline of five policies, `call`", |n| {
        value(by_hand.call(|| add_one(n)))
    });
    table.both("pipeline of five policies, `#[resilient]`", |n| {
        value(five(n))
    });
    table.both("floor: bare async call, polled once", |n| {
        polled(add_one_async(n))
    });
    table.both(
        "pipeline without policies, `call_async`, polled once",
        |n| polled(empty.call_async(|| add_one_async(n))),
    );
    table.both(
        "pipeline of five policies, `call_async`, polled once",
        |n| polled(by_hand.call_async(|| add_one_async(n))),
    );
    table.both(
        "pipeline of five policies, `#[resilient]` async, polled once",
        |n| polled(five_async(n)),
    );
}

/// Measures everything.
pub fn all(table: &mut Table) {
    timeouts(table);
    hedges(table);
    fallbacks(table);
    pipelines(table);
}

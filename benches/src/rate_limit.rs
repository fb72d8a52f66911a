//! What a rate limiter costs.

use crate::{
    Table,
    breaker::{Error, add_one, add_one_async, value},
    polled,
};
use gardefou::time::Clock;
use gardefou::{
    rate_limit::{Rate, RateLimiter},
    time::SystemClock,
};
use std::sync::atomic::{AtomicU64, Ordering};

fn built(rate: Rate, burst: u32) -> RateLimiter {
    RateLimiter::builder("bench")
        .rate(rate)
        .burst(burst)
        .build()
        .expect("the benchmark's own configuration is legal")
}

/// A limiter that admits every call of a benchmark.
fn open() -> RateLimiter {
    built(Rate::per_second(1_000_000_000), u32::MAX)
}

/// A limiter that admits none.
fn closed() -> RateLimiter {
    let limiter = built(Rate::per_hour(1), 1);
    drop(limiter.try_acquire());
    limiter
}

/// The guarded function under the attribute.
///
/// # Errors
///
/// Those of the limiter.
#[gardefou::rate_limit("1_000_000_000/s")]
pub fn annotated(n: u64) -> Result<u64, Error> {
    add_one(n)
}

#[gardefou::rate_limit("1_000_000_000/s")]
async fn annotated_async(n: u64) -> Result<u64, Error> {
    add_one_async(n).await
}

/// Measures the least that a limiter which reads the clock can cost.
pub fn floor(table: &mut Table) {
    let word = AtomicU64::new(0);
    table.both("floor: one clock read + one compare-and-swap", |_| {
        let now = SystemClock.now().as_nanos();
        let before = word.load(Ordering::Relaxed);
        let swap = word.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed);
        u64::from(swap.is_ok())
    });
}

/// Measures blocking calls and checks.
pub fn blocking(table: &mut Table) {
    floor(table);
    table.both("one clock read", |_| SystemClock.now().as_nanos());
    let limiter = open();
    table.both("admitted, `try_acquire`", |_| {
        u64::from(limiter.try_acquire().is_ok())
    });
    table.both("admitted, `call`", |n| value(limiter.call(|| add_one(n))));
    table.both("admitted, `#[rate_limit]`", |n| value(annotated(n)));
    let limiter = closed();
    table.both("rejected, `try_acquire`", |_| {
        u64::from(limiter.try_acquire().is_ok())
    });
    table.both("rejected, `call`", |n| value(limiter.call(|| add_one(n))));
}

/// Measures asynchronous calls that are ready at once.
pub fn asynchronous(table: &mut Table) {
    table.both("floor: bare async call, polled once", |n| {
        polled(add_one_async(n))
    });
    let limiter = open();
    table.both("admitted, `call_async`, polled once", |n| {
        polled(limiter.call_async(|| add_one_async(n)))
    });
    table.both("admitted, `#[rate_limit]` async, polled once", |n| {
        polled(annotated_async(n))
    });
    let limiter = closed();
    table.both("rejected, `call_async`, polled once", |n| {
        polled(limiter.call_async(|| add_one_async(n)))
    });
}

/// Measures all of ours.
pub fn all(table: &mut Table) {
    blocking(table);
    asynchronous(table);
}

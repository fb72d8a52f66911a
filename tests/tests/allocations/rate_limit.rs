//! Allocations of a rate limiter: none for admitted and rejected calls, sync and async.

use crate::allocations;
use gardefou::{Rejection, rate_limit, rate_limit::RateLimiter};
use gardefou_tests::testkit::poll::ready;
use std::time::Duration;

#[rate_limit("1_000/s")]
fn annotated() -> Result<u32, Rejection> {
    Ok(1)
}

#[rate_limit("1_000/s")]
async fn annotated_later() -> Result<u32, Rejection> {
    Ok(1)
}

fn limiter(rate: &str) -> RateLimiter {
    let builder = RateLimiter::builder("alloc").rate(rate);
    builder.max_wait(Duration::from_millis(1)).build().unwrap()
}

fn count(run: impl Fn()) -> u64 {
    allocations(|| (0..10).for_each(|_| run()))
}

#[test]
fn admitted_call_allocates_nothing() {
    let limiter = limiter("1_000_000/s");
    let ok = || Ok::<_, Rejection>(1);
    assert_eq!(count(|| assert!(limiter.call(ok).is_ok())), 0);
    assert_eq!(count(|| assert!(limiter.run(ok).is_ok())), 0);
    assert_eq!(count(|| assert!(limiter.try_acquire_n(3).is_ok())), 0);
    assert_eq!(count(|| assert!(limiter.acquire().is_ok())), 0);
    assert_eq!(
        count(|| limiter.reserve(1, Duration::ZERO).unwrap().wait()),
        0
    );
    assert_eq!(
        count(|| assert!(ready(limiter.call_async(async || ok())).is_ok())),
        0
    );
    assert_eq!(
        count(|| assert!(ready(limiter.run_async(async {})).is_ok())),
        0
    );
    assert_eq!(count(|| assert!(annotated().is_ok())), 0);
    assert_eq!(count(|| assert!(ready(annotated_later()).is_ok())), 0);
}

#[test]
fn rejected_call_allocates_nothing() {
    let limiter = limiter("1/h");
    limiter.try_acquire().unwrap();
    let ok = || Ok::<_, Rejection>(1);
    assert_eq!(count(|| assert!(limiter.call(ok).is_err())), 0);
    assert_eq!(count(|| assert!(limiter.try_acquire().is_err())), 0);
    assert_eq!(
        count(|| assert!(limiter.reserve(1, Duration::ZERO).is_err())),
        0
    );
    assert_eq!(
        count(|| assert!(ready(limiter.call_async(async || ok())).is_err())),
        0
    );
    assert_eq!(
        count(|| assert!(ready(limiter.run_async(async {})).is_err())),
        0
    );
}

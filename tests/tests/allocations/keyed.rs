//! Allocations of guards by key: none for a key that is known.

use crate::allocations;
use gardefou::{
    Rejection,
    breaker::CircuitBreaker,
    bulkhead::Bulkhead,
    rate_limit::RateLimiter,
    retry::{Retry, RetryBudget},
    time::ManualClock,
};
use gardefou_tests::testkit::poll::ready;

#[gardefou::with_circuit_breaker(name = "allocations-by-key", key = tenant)]
fn breaker(tenant: &str) -> Result<usize, Rejection> {
    Ok(tenant.len())
}

#[gardefou::with_circuit_breaker(name = "allocations-by-key", key = tenant)]
async fn breaker_later(tenant: u64) -> Result<u64, Rejection> {
    Ok(tenant)
}

#[gardefou::bulkhead(name = "allocations-by-key", key = tenant)]
fn bulkhead(tenant: &str) -> Result<usize, Rejection> {
    Ok(tenant.len())
}

#[gardefou::bulkhead(adaptive = true, max_wait = "1s", key = tenant)]
async fn bulkhead_later(tenant: u64) -> Result<u64, Rejection> {
    Ok(tenant)
}

#[gardefou::rate_limit("1_000_000/s", name = "allocations-by-key", key = tenant)]
fn rate_limit(tenant: &str) -> Result<usize, Rejection> {
    Ok(tenant.len())
}

#[gardefou::rate_limit("1_000_000/s", max_wait = "1s", key = tenant)]
async fn rate_limit_later(tenant: u64) -> Result<u64, Rejection> {
    Ok(tenant)
}

#[gardefou::retry(budget = "allocations-by-key", key = tenant)]
fn retry(tenant: &str) -> Result<usize, Rejection> {
    Ok(tenant.len())
}

#[gardefou::retry(key = tenant)]
async fn retry_later(tenant: u64) -> Result<u64, Rejection> {
    Ok(tenant)
}

#[gardefou::retry_with_circuit_breaker(name = "allocations-by-key", key = tenant)]
fn both(tenant: &str) -> Result<usize, Rejection> {
    Ok(tenant.len())
}

#[gardefou::retry_with_circuit_breaker(name = "allocations-by-key", key = tenant)]
async fn both_later(tenant: u64) -> Result<u64, Rejection> {
    Ok(tenant)
}

/// The longest text that is looked up without an allocation.
const LONG: [u8; 128] = [b'k'; 128];

fn count(run: impl Fn()) -> u64 {
    allocations(|| (0..20).for_each(|_| run()))
}

#[test]
fn annotated_call_with_a_known_key_allocates_nothing() {
    let long = str::from_utf8(&LONG).unwrap();
    for key in ["acme", long] {
        assert_eq!(count(|| assert!(breaker(key).is_ok())), 0);
        assert_eq!(count(|| assert!(bulkhead(key).is_ok())), 0);
        assert_eq!(count(|| assert!(rate_limit(key).is_ok())), 0);
        assert_eq!(count(|| assert!(retry(key).is_ok())), 0);
        assert_eq!(count(|| assert!(both(key).is_ok())), 0);
    }
    assert_eq!(count(|| assert!(ready(breaker_later(7)).is_ok())), 0);
    assert_eq!(count(|| assert!(ready(bulkhead_later(7)).is_ok())), 0);
    assert_eq!(count(|| assert!(ready(rate_limit_later(7)).is_ok())), 0);
    assert_eq!(count(|| assert!(ready(retry_later(7)).is_ok())), 0);
    assert_eq!(count(|| assert!(ready(both_later(7)).is_ok())), 0);
}

#[test]
fn lookup_of_a_known_key_allocates_nothing() {
    let clock = ManualClock::new();
    let breakers = CircuitBreaker::builder("svc").build_keyed().unwrap();
    assert_eq!(
        count(|| drop(breakers.get("acme").try_acquire().unwrap())),
        0
    );
    let bulkheads = Bulkhead::builder("svc")
        .clock(clock.clone())
        .build_keyed()
        .unwrap();
    assert_eq!(
        count(|| drop(bulkheads.get("acme").try_acquire().unwrap())),
        0
    );
    let limiters = RateLimiter::builder("svc")
        .rate("1_000_000/s")
        .clock(clock)
        .build_keyed();
    let limiters = limiters.unwrap();
    assert_eq!(count(|| limiters.get("acme").try_acquire().unwrap()), 0);
    let budgets = RetryBudget::builder().build_keyed().unwrap();
    let retry = Retry::builder().build().unwrap();
    let call = || {
        let of_key = retry.with_budget(budgets.get("acme"));
        assert_eq!(of_key.call(|| Ok::<_, Rejection>(1)).unwrap(), 1);
    };
    assert_eq!(count(call), 0);
}

#[test]
fn rejected_call_of_a_known_key_allocates_nothing() {
    let closed = Bulkhead::builder("svc")
        .max_concurrent(0)
        .build_keyed()
        .unwrap();
    assert_eq!(
        count(|| assert!(closed.get("acme").try_acquire().is_err())),
        0
    );
    let limiters = RateLimiter::builder("svc")
        .rate("1/h")
        .build_keyed()
        .unwrap();
    limiters.get("acme").try_acquire().unwrap();
    assert_eq!(
        count(|| assert!(limiters.get("acme").try_acquire().is_err())),
        0
    );
}

//! `#[retry_with_circuit_breaker]`.

use crate::support::{R, busy};
use gardefou::{ErrorCode, Rejection, circuit_breakers, retry_with_circuit_breaker};
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

#[retry_with_circuit_breaker(
    name = "both-opens",
    failure_threshold = 3,
    recovery_timeout = "10m",
    max_retries = 9,
    initial_delay = 30,
    jitter = false
)]
async fn opens(runs: &AtomicU32) -> R<()> {
    runs.fetch_add(1, Ordering::Relaxed);
    Err(busy())
}

#[tokio::test(start_paused = true)]
async fn every_attempt_counts_and_an_open_circuit_ends_the_retry() {
    let (runs, start) = (AtomicU32::new(0), tokio::time::Instant::now());
    let error = opens(&runs).await.unwrap_err();
    assert_eq!(
        start.elapsed(),
        Duration::from_secs(30 + 60),
        "two waits, and none once the circuit is open"
    );
    assert_eq!(runs.load(Ordering::Relaxed), 3);
    assert!(error.is(ErrorCode::CIRCUIT_OPEN_ERROR), "{error:?}");
    assert_eq!(
        circuit_breakers()
            .get("both-opens")
            .unwrap()
            .snapshot()
            .counts
            .failure,
        3
    );

    let start = tokio::time::Instant::now();
    assert!(opens(&runs).await.is_err());
    assert_eq!(
        start.elapsed(),
        Duration::ZERO,
        "no wait against an open circuit"
    );
    assert_eq!(runs.load(Ordering::Relaxed), 3);
}

#[retry_with_circuit_breaker(
    name = "both-recovers",
    failure_threshold = 1,
    recovery_timeout = 5,
    max_retries = 1,
    initial_delay = 10,
    jitter = false
)]
async fn recovers(runs: &AtomicU32) -> R<u32> {
    match runs.fetch_add(1, Ordering::Relaxed) {
        0 => Err(busy()),
        run => Ok(run),
    }
}

#[tokio::test(start_paused = true)]
async fn retry_continues_if_the_circuit_closes_during_the_wait() {
    let (runs, start) = (AtomicU32::new(0), tokio::time::Instant::now());
    assert_eq!(recovers(&runs).await.unwrap(), 1);
    assert_eq!(start.elapsed(), Duration::from_secs(10));
}

/// An error type that hides its source.
struct Mute {
    rejected: bool,
}

impl From<Rejection> for Mute {
    fn from(_: Rejection) -> Self {
        Self { rejected: true }
    }
}

#[retry_with_circuit_breaker(
    name = "both-mute",
    failure_threshold = 2,
    max_retries = 9,
    initial_delay = 0
)]
fn mute(runs: &mut u32, owned: String) -> Result<(), Mute> {
    *runs += 1;
    drop(owned);
    Err(Mute { rejected: false })
}

#[test]
fn retry_ends_on_rejection_even_if_the_error_type_hides_it() {
    let mut runs = 0;
    assert!(mute(&mut runs, "a".into()).unwrap_err().rejected);
    assert_eq!(runs, 2);
}

#[retry_with_circuit_breaker(
    name = "both-hang",
    failure_threshold = 2,
    max_retries = 5,
    initial_delay = 0,
    attempt_timeout = 1
)]
async fn hangs() -> R<()> {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn timed_out_attempt_counts_as_a_failure_of_the_breaker() {
    let start = tokio::time::Instant::now();
    assert!(hangs().await.unwrap_err().is(ErrorCode::CIRCUIT_OPEN_ERROR));
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}

#[retry_with_circuit_breaker(
    name = "both-fallback",
    failure_threshold = 1,
    max_retries = 2,
    initial_delay = 0,
    fallback = |_| Ok(kept)
)]
fn with_fallback(kept: String) -> R<String> {
    Err(busy().with_detail("kept", kept))
}

#[test]
fn fallback_replaces_the_call_while_the_circuit_is_open() {
    assert_eq!(with_fallback("kept".into()).unwrap(), "kept");
}

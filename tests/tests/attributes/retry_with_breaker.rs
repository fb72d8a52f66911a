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
async fn each_attempt_is_counted_and_an_open_circuit_ends_the_series_at_once() {
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
        "nobody waits against an open circuit"
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
async fn a_wait_that_outlasts_the_open_circuit_is_worth_it() {
    let (runs, start) = (AtomicU32::new(0), tokio::time::Instant::now());
    assert_eq!(recovers(&runs).await.unwrap(), 1);
    assert_eq!(start.elapsed(), Duration::from_secs(10));
}

/// An error type that shows nothing of what it holds.
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
fn the_series_ends_also_where_the_error_type_hides_the_rejection() {
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
async fn an_attempt_that_is_cut_off_counts_against_the_breaker() {
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
fn a_fallback_answers_for_the_open_circuit() {
    assert_eq!(with_fallback("kept".into()).unwrap(), "kept");
}

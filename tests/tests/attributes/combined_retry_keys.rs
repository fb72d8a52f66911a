//! Effects of each key of the retry in `#[retry_with_circuit_breaker]`.

use crate::support::{R, busy, missing};
use gardefou::{
    AppError, ErrorCode,
    breaker::CircuitBreaker,
    circuit_breakers,
    retry::{Backoff, FailedAttempt, RetryBudget},
    retry_with_circuit_breaker,
};
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

fn breaker(name: &str) -> CircuitBreaker {
    circuit_breakers().get(name).unwrap()
}

#[retry_with_circuit_breaker(
    name = "both-delays",
    failure_threshold = 99,
    max_attempts = 4,
    initial_delay = 1,
    backoff = "exponential",
    backoff_factor = 3,
    max_delay = 5,
    jitter = false
)]
async fn delayed(runs: &AtomicU32) -> R<()> {
    runs.fetch_add(1, Ordering::Relaxed);
    Err(busy())
}

#[retry_with_circuit_breaker(
    name = "both-elapsed",
    failure_threshold = 99,
    max_attempts = 9,
    initial_delay = 2,
    backoff = "linear",
    jitter = false,
    max_elapsed = 7
)]
async fn limited(runs: &AtomicU32) -> R<()> {
    runs.fetch_add(1, Ordering::Relaxed);
    Err(busy())
}

#[retry_with_circuit_breaker(
    name = "both-seeded",
    failure_threshold = 99,
    initial_delay = 8,
    seed = 7
)]
async fn seeded(runs: &AtomicU32) -> R<()> {
    runs.fetch_add(1, Ordering::Relaxed);
    Err(busy())
}

#[gardefou::retry(max_retries = 2, initial_delay = 4, max_delay = 5, jitter = false)]
async fn capped(runs: &AtomicU32) -> R<()> {
    runs.fetch_add(1, Ordering::Relaxed);
    Err(busy())
}

#[retry_with_circuit_breaker(
    name = "both-own-delays",
    failure_threshold = 3,
    max_retries = 9,
    delay = |attempt, _| SECOND * 3 * (attempt.index + 1)
)]
async fn delayed_by_hand(runs: &AtomicU32) -> R<()> {
    runs.fetch_add(1, Ordering::Relaxed);
    Err(busy())
}

#[tokio::test(start_paused = true)]
async fn delay_keys_determine_the_delays() {
    let (runs, start) = (AtomicU32::new(0), Instant::now());
    delayed(&runs).await.unwrap_err();
    assert_eq!(
        (runs.load(Ordering::Relaxed), start.elapsed()),
        (4, SECOND * (1 + 3 + 5))
    );

    let (runs, start) = (AtomicU32::new(0), Instant::now());
    let error = limited(&runs).await.unwrap_err();
    assert_eq!(
        (runs.load(Ordering::Relaxed), start.elapsed()),
        (3, SECOND * (2 + 4)),
        "the next would end at 12 s"
    );
    assert_eq!(error.details()["retry_stopped_by"], "deadline");

    let (runs, start) = (AtomicU32::new(0), Instant::now());
    seeded(&runs).await.unwrap_err();
    let expected: Duration = Backoff::exponential(SECOND * 8)
        .max_delay(SECOND * 60)
        .seed(7)
        .delays()
        .take(3)
        .sum();
    let waited = start.elapsed();
    assert!(
        (expected..expected + Duration::from_millis(4)).contains(&waited),
        "{waited:?}, {expected:?}"
    );

    let (runs, start) = (AtomicU32::new(0), Instant::now());
    delayed_by_hand(&runs).await.unwrap_err();
    let waited = SECOND * (3 + 6);
    assert_eq!(
        (runs.load(Ordering::Relaxed), start.elapsed()),
        (3, waited),
        "no wait against the open circuit"
    );

    let (runs, start) = (AtomicU32::new(0), Instant::now());
    capped(&runs).await.unwrap_err();
    assert_eq!(
        (runs.load(Ordering::Relaxed), start.elapsed()),
        (3, SECOND * (4 + 5))
    );
}

static RETRIED: AtomicU32 = AtomicU32::new(0);
static GAVE_UP: AtomicU32 = AtomicU32::new(0);

fn count_retry(_: &FailedAttempt<'_>) {
    RETRIED.fetch_add(1, Ordering::Relaxed);
}

#[retry_with_circuit_breaker(
    name = "both-hooks",
    failure_threshold = 99,
    max_retries = 2,
    initial_delay = 0,
    retry_if = |error| error.is(ErrorCode::FILE_NOT_FOUND_ERROR),
    on_retry = count_retry,
    on_give_up = |failed| {
        GAVE_UP.fetch_add(failed.index, Ordering::Relaxed);
    }
)]
fn hooked(outcomes: &mut Vec<R<()>>) -> R<()> {
    outcomes.remove(0)
}

#[retry_with_circuit_breaker(
    name = "both-polls",
    max_retries = 5,
    initial_delay = 0,
    retry_if_result = |outcome| matches!(outcome, Ok("pending"))
)]
async fn polls(runs: &AtomicU32) -> R<&'static str> {
    Ok(if runs.fetch_add(1, Ordering::Relaxed) < 2 {
        "pending"
    } else {
        "done"
    })
}

#[retry_with_circuit_breaker(
    name = "both-polls-open",
    failure_threshold = 1,
    max_retries = 5,
    initial_delay = 0,
    retry_if_result = Result::is_err
)]
fn polls_without_success(runs: &mut u32) -> R<()> {
    *runs += 1;
    Err(busy())
}

#[tokio::test(start_paused = true)]
async fn predicates_and_callbacks_are_called_for_each_attempt() {
    // A permanent error, which the predicate retries, and one that it does not.
    hooked(&mut vec![Err(missing()), Err(missing()), Err(busy())]).unwrap_err();
    assert_eq!(
        (
            RETRIED.load(Ordering::Relaxed),
            GAVE_UP.load(Ordering::Relaxed)
        ),
        (2, 2)
    );

    let runs = AtomicU32::new(0);
    assert_eq!(polls(&runs).await.unwrap(), "done");
    assert_eq!(runs.load(Ordering::Relaxed), 3);

    let mut runs = 0;
    assert!(
        polls_without_success(&mut runs)
            .unwrap_err()
            .is(ErrorCode::CIRCUIT_OPEN_ERROR)
    );
    assert_eq!(runs, 1, "the predicate does not overrule an open circuit");
}

#[retry_with_circuit_breaker(
    name = "both-budget",
    failure_threshold = 99,
    max_retries = 3,
    initial_delay = 0,
    budget = "both-spent-budget",
    crate = crate::support::facade::renamed
)]
fn on_a_budget(runs: &mut u32) -> R<()> {
    *runs += 1;
    Err(busy())
}

#[test]
fn retries_are_limited_by_a_shared_budget() {
    RetryBudget::builder()
        .name("both-spent-budget")
        .burst(0)
        .floor(1)
        .build()
        .unwrap();
    let mut runs = 0;
    let error: AppError = on_a_budget(&mut runs).unwrap_err();
    assert_eq!(
        (runs, &error.details()["retry_stopped_by"]),
        (2, &"budget".into())
    );
}

mod renamed {
    use crate::support::{R, busy, facade};
    use gardefou::{
        enhanced_error_handling, log_sensitive_operations, retry, with_circuit_breaker,
    };

    #[enhanced_error_handling(crate = facade::renamed)]
    #[log_sensitive_operations("both-renamed", crate = facade::renamed)]
    #[with_circuit_breaker(name = "both-renamed", crate = "facade::renamed")]
    #[retry(max_retries = 1, initial_delay = 0, crate = facade::renamed)]
    pub(super) fn guarded(runs: &mut u32) -> R<()> {
        *runs += 1;
        Err(busy())
    }
}

#[test]
fn re_exported_runtime_guards_like_the_crate_itself() {
    let mut runs = 0;
    renamed::guarded(&mut runs).unwrap_err();
    assert_eq!(
        (runs, breaker("both-renamed").snapshot().counts.failure),
        (2, 1)
    );
}

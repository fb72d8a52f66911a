//! Effects of each key of `#[retry_with_circuit_breaker]`, which takes those of both policies.

use crate::support::{R, busy, missing};
use gardefou::{
    AppError, ErrorCode,
    breaker::{BreakerBuilder, CircuitBreaker, CircuitState, ManualControl},
    circuit_breakers,
    retry::{Backoff, FailedAttempt, RetryBudget},
    retry_with_circuit_breaker, with_circuit_breaker,
};
use std::{
    future::pending,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, advance, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn breaker(name: &str) -> CircuitBreaker {
    circuit_breakers().get(name).unwrap()
}

#[retry_with_circuit_breaker(
    name = "both-recovery",
    failure_threshold = 1,
    recovery_timeout = 10,
    recovery_backoff = 10,
    max_recovery_timeout = 50,
    recovery_jitter = 0.5,
    half_open_max_calls = 3,
    success_threshold = 2,
    seed = 3,
    max_attempts = 1
)]
async fn recovering(ok: bool) -> R<()> {
    if ok { Ok(()) } else { Err(busy()) }
}

#[with_circuit_breaker(
    name = "breaker-recovery",
    failure_threshold = 1,
    recovery_timeout = 10,
    recovery_backoff = 10,
    max_recovery_timeout = 50,
    recovery_jitter = 0.5,
    half_open_max_calls = 3,
    success_threshold = 2,
    seed = 3
)]
async fn recovering_alone(ok: bool) -> R<()> {
    if ok { Ok(()) } else { Err(busy()) }
}

#[tokio::test(start_paused = true)]
async fn recovery_keys_equal_the_builder() {
    let by_hand = CircuitBreaker::builder("both-recovery-by-hand")
        .failure_threshold(1)
        .recovery_timeout(SECOND * 10)
        .recovery_backoff(10.0)
        .max_recovery_timeout(SECOND * 50)
        .recovery_jitter(0.5)
        .half_open_max_calls(3)
        .success_threshold(2)
        .seed(3)
        .build()
        .unwrap();
    // Outcome, and the seconds that pass before it. The second open time is the longest allowed.
    for (ok, seconds) in [
        (false, 0),
        (false, 15),
        (true, 49),
        (true, 1),
        (true, 0),
        (true, 0),
    ] {
        advance(SECOND * seconds).await;
        let _ = by_hand
            .call_async(|| async { if ok { Ok(()) } else { Err(busy()) } })
            .await;
        let _ = (recovering(ok).await, recovering_alone(ok).await);
        for name in ["both-recovery", "breaker-recovery"] {
            let (ours, theirs) = (breaker(name).snapshot(), by_hand.snapshot());
            assert_eq!(
                (ours.state, ours.remaining, ours.counts),
                (theirs.state, theirs.remaining, theirs.counts)
            );
            assert_eq!(ours.config, theirs.config);
        }
    }
    assert_eq!(by_hand.state(), CircuitState::Closed, "after two successes");
}

#[retry_with_circuit_breaker(
    name = "both-half-open",
    failure_threshold = 1,
    recovery_timeout = 100,
    half_open_timeout = 5,
    max_retries = 0
)]
async fn probing(hangs: bool) -> R<()> {
    if hangs {
        pending::<()>().await;
    }
    Err(busy())
}

#[with_circuit_breaker(
    name = "breaker-half-open",
    failure_threshold = 1,
    recovery_timeout = 100,
    half_open_timeout = 5
)]
async fn probing_alone(hangs: bool) -> R<()> {
    if hangs {
        pending::<()>().await;
    }
    Err(busy())
}

#[tokio::test(start_paused = true)]
async fn hanging_probe_reopens_after_the_half_open_timeout() {
    let _ = (probing(false).await, probing_alone(false).await);
    advance(SECOND * 100).await;
    let probes = (
        tokio::spawn(probing(true)),
        tokio::spawn(probing_alone(true)),
    );
    tokio::task::yield_now().await;
    advance(SECOND * 4).await;
    for name in ["both-half-open", "breaker-half-open"] {
        assert_eq!(breaker(name).state(), CircuitState::HalfOpen);
    }
    advance(SECOND * 2).await;
    for name in ["both-half-open", "breaker-half-open"] {
        assert_eq!(
            breaker(name).state(),
            CircuitState::Open,
            "the default is 100 s"
        );
    }
    probes.0.abort();
    probes.1.abort();
}

#[retry_with_circuit_breaker(
    name = "both-window",
    window = "4 calls",
    failure_rate = 0.5,
    min_calls = 3,
    max_retries = 0
)]
fn by_text(ok: bool) -> R<()> {
    if ok { Ok(()) } else { Err(busy()) }
}

#[with_circuit_breaker(
    name = "breaker-window",
    window = "4 calls",
    failure_rate = 0.5,
    min_calls = 3
)]
fn by_text_alone(ok: bool) -> R<()> {
    if ok { Ok(()) } else { Err(busy()) }
}

#[retry_with_circuit_breaker(
    name = "both-count-window",
    count_window = 4,
    failure_rate = 0.5,
    min_calls = 3,
    max_retries = 0
)]
fn by_count(ok: bool) -> R<()> {
    if ok { Ok(()) } else { Err(busy()) }
}

#[retry_with_circuit_breaker(
    name = "both-time-window",
    time_window = "40s",
    failure_rate = 0.5,
    min_calls = 3,
    max_retries = 0
)]
fn by_time(ok: bool) -> R<()> {
    if ok { Ok(()) } else { Err(busy()) }
}

#[test]
fn rate_is_evaluated_once_the_window_holds_min_calls() {
    type Window = fn(BreakerBuilder) -> BreakerBuilder;
    let calls: Window = |builder| builder.count_window(4);
    let cases = [
        ("both-window", by_text as fn(bool) -> R<()>, calls),
        ("breaker-window", by_text_alone, calls),
        ("both-count-window", by_count, calls),
        ("both-time-window", by_time, |builder| {
            builder.time_window(SECOND * 40)
        }),
    ];
    for (name, call, window) in cases {
        let states = [false, false, true].map(|ok| {
            let _ = call(ok);
            breaker(name).state()
        });
        assert_eq!(
            states,
            [
                CircuitState::Closed,
                CircuitState::Closed,
                CircuitState::Open
            ],
            "{name}"
        );
        let by_hand = window(CircuitBreaker::builder(name))
            .failure_rate(0.5)
            .min_calls(3)
            .build()
            .unwrap();
        assert_eq!(breaker(name).config(), by_hand.config(), "{name}");
    }
}

#[retry_with_circuit_breaker(
    name = "both-slow",
    slow_call = "2s",
    slow_rate = 1,
    min_calls = 2,
    max_retries = 0
)]
async fn slow() -> R<()> {
    sleep(SECOND * 3).await;
    Ok(())
}

#[with_circuit_breaker(name = "breaker-slow", slow_call = "2s", slow_rate = 1, min_calls = 2)]
async fn slow_alone(takes: Duration) -> R<()> {
    sleep(takes).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn slow_calls_open_the_circuit_at_the_slow_rate() {
    slow().await.unwrap();
    assert_eq!(breaker("both-slow").state(), CircuitState::Closed);
    slow().await.unwrap();
    assert_eq!(breaker("both-slow").state(), CircuitState::Open);

    for (seconds, state) in [(1, CircuitState::Closed), (3, CircuitState::Closed)] {
        slow_alone(SECOND * seconds).await.unwrap();
        assert_eq!(
            breaker("breaker-slow").state(),
            state,
            "half of them are slow, and all must be"
        );
    }
    assert_eq!(
        breaker("breaker-slow").snapshot().config.slow_rate,
        Some(1.0)
    );
}

static MAINTENANCE: LazyLock<ManualControl> = LazyLock::new(ManualControl::new);

#[retry_with_circuit_breaker(
    name = "both-outcomes",
    failure_threshold = 2,
    failure_if = |outcome| matches!(outcome, Ok(13)),
    control = MAINTENANCE,
    shadow = true,
    max_retries = 0
)]
fn classified(outcome: R<i32>) -> R<i32> {
    outcome
}

#[test]
fn predicate_control_and_shadow_reach_the_breaker() {
    let _ = classified(Err(busy()));
    for _ in 0..2 {
        assert_eq!(classified(Ok(13)).unwrap(), 13);
    }
    let snapshot = breaker("both-outcomes").snapshot();
    assert_eq!(
        (snapshot.state, snapshot.counts.failure),
        (CircuitState::Open, 2)
    );
    assert_eq!(classified(Ok(1)).unwrap(), 1, "a shadow rejects nothing");
    MAINTENANCE.isolate();
    assert_eq!(breaker("both-outcomes").state(), CircuitState::ForcedOpen);
    MAINTENANCE.close();
}

#[retry_with_circuit_breaker(
    name = "both-abandoned",
    failure_threshold = 1,
    abandoned_after = 5,
    max_retries = 0
)]
async fn hangs() -> R<()> {
    pending().await
}

#[tokio::test(start_paused = true)]
async fn dropped_call_counts_after_abandoned_after() {
    assert!(tokio::time::timeout(SECOND * 4, hangs()).await.is_err());
    assert_eq!(breaker("both-abandoned").state(), CircuitState::Closed);
    assert!(tokio::time::timeout(SECOND * 6, hangs()).await.is_err());
    assert_eq!(breaker("both-abandoned").state(), CircuitState::Open);
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
fn polls_in_vain(runs: &mut u32) -> R<()> {
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
        polls_in_vain(&mut runs)
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
        .ratio(0.0)
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

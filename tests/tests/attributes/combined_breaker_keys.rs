//! Effects of each key of the breaker in `#[retry_with_circuit_breaker]`.

use crate::support::{R, busy};
use gardefou::{
    breaker::{BreakerBuilder, CircuitBreaker, CircuitState, ManualControl},
    circuit_breakers, retry_with_circuit_breaker, with_circuit_breaker,
};
use std::{
    future::pending,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::time::{advance, sleep};

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
static CHANGES: AtomicU32 = AtomicU32::new(0);

#[retry_with_circuit_breaker(
    name = "both-outcomes",
    failure_threshold = 2,
    failure_if = |outcome| matches!(outcome, Ok(13)),
    control = MAINTENANCE,
    shadow = true,
    on_transition = |_| {
        CHANGES.fetch_add(1, Ordering::Relaxed);
    },
    max_retries = 0
)]
fn classified(outcome: R<i32>) -> R<i32> {
    outcome
}

#[test]
fn predicate_control_shadow_and_hook_reach_the_breaker() {
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
    assert_eq!(
        CHANGES.load(Ordering::Relaxed),
        3,
        "opened, isolated, closed"
    );
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

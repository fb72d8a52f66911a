//! Each key of `#[retry_with_circuit_breaker]` reaches its builder.

use crate::prelude::*;
use gardefou::{
    breaker::{CircuitBreaker, ManualControl, StoreLoss},
    retry::{Attempt, FailedAttempt, Retry},
};
use std::sync::LazyLock;

static SWITCH: LazyLock<ManualControl> = LazyLock::new(ManualControl::new);

fn heard(_: &FailedAttempt<'_>) {}

#[retry_with_circuit_breaker(
    name = "every-key-of-both",
    failure_threshold = 3,
    recovery_timeout = 30,
    half_open_max_calls = 4,
    success_threshold = 2,
    recovery_backoff = 2,
    max_recovery_timeout = "5m",
    recovery_jitter = 0.1,
    half_open_timeout = "20s",
    window = "50 calls",
    failure_rate = 0.4,
    min_calls = 5,
    slow_call = "2s",
    slow_rate = 0.6,
    abandoned_after = 0.25,
    failure_if = |outcome: &R<i32>| matches!(outcome, Ok(13)),
    ignore_if = |outcome: &R<i32>| matches!(outcome, Ok(0)),
    fallback = |_| Ok(-1),
    shadow = false,
    timed = false,
    span = true,
    shared = true,
    on_store_loss = "closed",
    control = SWITCH,
    on_transition = |_| {},
    max_attempts = 6,
    initial_delay = "10ms",
    backoff = "decorrelated",
    backoff_factor = 2.5,
    max_delay = 5,
    max_elapsed = "1m",
    attempt_timeout = "2s",
    jitter = "equal",
    delay = |attempt: Attempt, _: &AppError| Duration::from_secs(attempt.index.into()),
    retry_if = |error| error.is(ErrorCode::SYNC_ERROR),
    on_retry = heard,
    on_give_up = heard,
    log_level = "debug",
    budget = "every-key-of-both",
    seed = 7,
    crate = gardefou
)]
async fn f(n: i32) -> R<i32> {
    tick().await;
    Ok(n)
}

#[retry_with_circuit_breaker(
    name = "count-window-of-both",
    count_window = 20,
    failure_rate = 0.5,
    max_retries = 0,
    retry_if_result = Result::is_err
)]
fn g() -> R<()> {
    Ok(())
}

#[retry_with_circuit_breaker(name = "time-window-of-both", time_window = "30s", failure_rate = 0.5)]
fn h() -> R<()> {
    Ok(())
}

#[retry_with_circuit_breaker(
    name = "own-keys-of-both",
    key = tenant,
    max_keys = 20,
    initial_delay = "1ms"
)]
async fn of_tenant(tenant: String) -> R<String> {
    tick().await;
    Ok(tenant)
}

#[retry_with_circuit_breaker(name = "own-keys-of-both", key = tenant.len(), max_keys = 20, span = false, initial_delay = "1ms")]
fn of_length(tenant: &mut String) -> R<()> {
    tenant.push('!');
    Ok(())
}

#[test]
fn each_key_has_a_breaker() {
    assert_eq!(block_on(of_tenant("acme".to_owned())).unwrap(), "acme");
    of_length(&mut "acme".to_owned()).unwrap();
    let keyed = circuit_breakers().get_keyed("own-keys-of-both").unwrap();
    assert_eq!(
        (keyed.keys(), keyed.max_keys()),
        (vec!["4".to_owned(), "acme".to_owned()], 20)
    );
    fn is_send<T: Send>(_: &T) {}
    is_send(&of_tenant(String::new()));
}

#[test]
fn macro_form_equals_both_builder_forms() {
    let breaker = CircuitBreaker::builder("every-key-of-both")
        .failure_threshold(3)
        .recovery_timeout(Duration::from_secs(30))
        .half_open_max_calls(4)
        .success_threshold(2)
        .recovery_backoff(2.0)
        .max_recovery_timeout(Duration::from_secs(300))
        .recovery_jitter(0.1)
        .half_open_timeout(Duration::from_secs(20))
        .count_window(50)
        .failure_rate(0.4)
        .min_calls(5)
        .slow_call(Duration::from_secs(2))
        .slow_rate(0.6)
        .abandoned_after(Duration::from_millis(250))
        .shared(true)
        .on_store_loss(StoreLoss::Closed)
        .build()
        .unwrap();
    let retry = Retry::builder()
        .max_attempts(6)
        .initial_delay(Duration::from_millis(10))
        .backoff("decorrelated")
        .backoff_factor(2.5)
        .max_delay(Duration::from_secs(5))
        .max_elapsed(Duration::from_secs(60))
        .attempt_timeout(Duration::from_secs(2))
        .jitter("equal")
        .seed(7)
        .build()
        .unwrap();
    let all = guarded_functions();
    let function = all
        .iter()
        .find(|f| f.name() == "f" && f.module_path() == module_path!())
        .unwrap();
    assert_eq!(function.retry().unwrap().unwrap(), *retry.config());
    assert_eq!(block_on(f(0)).unwrap(), 0);
    assert_eq!(
        circuit_breakers()
            .get("every-key-of-both")
            .unwrap()
            .config(),
        breaker.config()
    );
    for _ in 0..3 {
        assert_eq!(block_on(f(13)).unwrap(), 13, "the value is still returned");
    }
    assert_eq!(
        block_on(f(1)).unwrap(),
        -1,
        "the fallback stands in while the circuit is open"
    );
    g().and_then(|()| h()).unwrap();
}

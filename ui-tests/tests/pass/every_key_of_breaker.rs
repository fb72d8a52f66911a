//! Each key of `#[with_circuit_breaker]` reaches the builder.

use crate::prelude::*;
use gardefou::breaker::{CircuitBreaker, ManualControl, StoreLoss};
use std::sync::LazyLock;

static SWITCH: LazyLock<ManualControl> = LazyLock::new(ManualControl::new);
const SEED: u64 = 7;

#[with_circuit_breaker(
    name = "every-key",
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
    ignore_if = |outcome| matches!(outcome, Ok(0)),
    fallback = |_| Ok(-1),
    control = SWITCH,
    on_transition = |_| {},
    seed = SEED,
    span = true,
)]
fn f(n: i32) -> R<i32> {
    Ok(n)
}

#[with_circuit_breaker(name = "time-window", window = "60s", failure_rate = 0.5)]
fn g() -> R<()> {
    Ok(())
}

#[with_circuit_breaker(
    name = "count-window",
    count_window = 20,
    failure_rate = 1,
    shadow = false,
    timed = false,
    span = true,
    seed = 7
)]
async fn h() -> R<()> {
    Ok(())
}

#[with_circuit_breaker(
    name = "own-time-window",
    time_window = 30,
    failure_rate = 0.5,
    shadow = true,
    shared = true,
    on_store_loss = "open",
    timed = true
)]
fn i() -> R<()> {
    Ok(())
}

const KEYS: u32 = 50;

#[with_circuit_breaker(name = "own-keys", key = tenant, max_keys = KEYS)]
fn of_tenant(tenant: String) -> R<String> {
    Ok(tenant)
}

#[with_circuit_breaker(name = "own-keys", key = &pair.0, max_keys = 50)]
async fn of_pair(mut pair: (u32, String)) -> R<String> {
    pair.1.push('!');
    tick().await;
    Ok(pair.1)
}

#[with_circuit_breaker(name = "own-keys", key = format_args!("{a}/{}", b + 1), max_keys = 50, fallback = |_| Ok((a, b)))]
fn of_both((a, b): (u32, u32)) -> R<(u32, u32)> {
    Ok((a, b))
}

#[with_circuit_breaker(name = "own-keys", key = if is_big { 1 } else { 2 }, max_keys = 50)]
#[track_caller]
fn of_branch(is_big: bool, text: &mut String) -> R<&mut String> {
    text.push('x');
    Ok(text)
}

#[test]
fn each_key_has_a_breaker() {
    assert_eq!(of_tenant("acme".to_owned()).unwrap(), "acme");
    assert_eq!(block_on(of_pair((7, "a".to_owned()))).unwrap(), "a!");
    assert_eq!(of_both((1, 2)).unwrap(), (1, 2));
    assert_eq!(of_branch(true, &mut String::new()).unwrap(), "x");
    let keyed = circuit_breakers().get_keyed("own-keys").unwrap();
    assert_eq!(keyed.keys(), ["1", "1/3", "7", "acme"]);
    assert_eq!(keyed.max_keys(), 50);
    fn is_send<T: Send>(_: &T) {}
    is_send(&of_pair((7, String::new())));
}

#[test]
fn macro_form_equals_the_builder_form() {
    let by_hand = CircuitBreaker::builder("every-key")
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
        .build()
        .unwrap();
    assert_eq!(f(1).unwrap(), 1);
    assert_eq!(
        circuit_breakers().get("every-key").unwrap().config(),
        by_hand.config()
    );
    assert_eq!(f(0).unwrap(), 0);
    for _ in 0..3 {
        assert_eq!(f(13).unwrap(), 13, "the value is still returned");
    }
    assert_eq!(
        f(1).unwrap(),
        -1,
        "the fallback stands in while the circuit is open"
    );

    g().unwrap();
    let by_hand = CircuitBreaker::builder("time-window")
        .time_window(Duration::from_secs(60))
        .failure_rate(0.5);
    let by_hand = by_hand.build().unwrap();
    assert_eq!(
        circuit_breakers().get("time-window").unwrap().config(),
        by_hand.config()
    );

    block_on(h()).unwrap();
    let by_hand = CircuitBreaker::builder("count-window")
        .count_window(20)
        .failure_rate(1.0)
        .build()
        .unwrap();
    assert_eq!(
        circuit_breakers().get("count-window").unwrap().config(),
        by_hand.config()
    );

    i().unwrap();
    let by_hand = CircuitBreaker::builder("own-time-window")
        .time_window(Duration::from_secs(30))
        .failure_rate(0.5);
    let by_hand = by_hand
        .shadow(true)
        .timed(true)
        .shared(true)
        .on_store_loss(StoreLoss::Open);
    let by_hand = by_hand.build().unwrap();
    assert_eq!(
        circuit_breakers().get("own-time-window").unwrap().config(),
        by_hand.config()
    );
}

//! Each key of `#[with_circuit_breaker]` reaches the builder.

use crate::prelude::*;
use gardefou::breaker::CircuitBreaker;

#[with_circuit_breaker(
    name = "every-key",
    failure_threshold = 3,
    recovery_timeout = 30,
    half_open_max_calls = 4,
    success_threshold = 2,
    recovery_backoff = 2,
    max_recovery_timeout = "5m",
    half_open_timeout = "20s",
    window = "50 calls",
    failure_rate = 0.4,
    min_calls = 5,
    slow_call = "2s",
    slow_rate = 0.6,
    abandoned_after = 0.25,
    failure_if = |outcome: &R<i32>| matches!(outcome, Ok(13)),
    fallback = |_| Ok(-1),
)]
fn f(n: i32) -> R<i32> {
    Ok(n)
}

#[with_circuit_breaker(name = "time-window", window = "60s", failure_rate = 0.5)]
fn g() -> R<()> {
    Ok(())
}

#[test]
fn the_macro_form_is_the_builder_form() {
    let by_hand = CircuitBreaker::builder("every-key")
        .failure_threshold(3)
        .recovery_timeout(Duration::from_secs(30))
        .half_open_max_calls(4)
        .success_threshold(2)
        .recovery_backoff(2.0)
        .max_recovery_timeout(Duration::from_secs(300))
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
    assert_eq!(circuit_breakers().get("every-key").unwrap().config(), by_hand.config());
    for _ in 0..3 {
        assert_eq!(f(13).unwrap(), 13, "the value is still returned");
    }
    assert_eq!(f(1).unwrap(), -1, "the fallback stands in while the circuit is open");

    g().unwrap();
    let by_hand = CircuitBreaker::builder("time-window").time_window(Duration::from_secs(60)).failure_rate(0.5);
    let by_hand = by_hand.build().unwrap();
    assert_eq!(circuit_breakers().get("time-window").unwrap().config(), by_hand.config());
}

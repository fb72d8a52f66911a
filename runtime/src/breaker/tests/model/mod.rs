//! Slow, obvious model of a breaker, compared with the real one on long random histories.
//!
//! It keeps every call of the present state in a list, recomputes everything from it, and has no
//! words, bits, buckets or locks. `cargo test` walks a bounded number of steps; the long form is
//! `GARDEFOU_MODEL_STEPS=1000000 cargo test --release -p gardefou --lib model`.

mod calls;
mod manual;
mod pair;
mod reference;

use crate::{
    breaker::{builder::BreakerBuilder, handle::CircuitBreaker},
    rng::Rng,
};
use pair::Pair;
use std::time::Duration;

fn steps() -> usize {
    std::env::var("GARDEFOU_MODEL_STEPS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_000)
}

fn assert_agreement(configure: impl Fn(BreakerBuilder) -> BreakerBuilder) {
    let builder = configure(CircuitBreaker::builder("model"));
    let lives = 4;
    for seed in 0..lives {
        // Every other life has a coarse reading, beside whose steps a second is long.
        let step = (seed % 2 == 1).then_some(Duration::from_millis(20));
        let mut pair = Pair::new(&builder, seed, step);
        pair.walk(steps() / lives as usize, &mut Rng::seeded(seed + 100));
        assert!(
            pair.model.generation > 10,
            "a history in which nothing happens proves nothing"
        );
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn consecutive_failures_agree_with_the_model() {
    assert_agreement(|b| b);
    assert_agreement(|b| b.failure_threshold(1).half_open_max_calls(1));
    assert_agreement(|b| {
        b.failure_threshold(3)
            .success_threshold(3)
            .half_open_max_calls(4)
            .half_open_timeout(5 * SECOND)
    });
    // Far below such thresholds failures take no lock.
    assert_agreement(|b| b.failure_threshold(20));
    assert_agreement(|b| b.failure_threshold(100));
}

#[test]
fn growing_open_times_agree_with_the_model() {
    assert_agreement(|b| {
        b.recovery_backoff(2.0)
            .max_recovery_timeout(Duration::from_secs(1000))
    });
    assert_agreement(|b| {
        b.recovery_backoff(1.5)
            .recovery_jitter(0.3)
            .success_threshold(2)
            .recovery_timeout(SECOND)
    });
}

#[test]
fn short_count_windows_agree_with_the_model() {
    assert_agreement(|b| b.count_window(1).recovery_timeout(SECOND));
    assert_agreement(|b| b.count_window(10).failure_rate(0.3));
    assert_agreement(|b| b.count_window(63).min_calls(20).recovery_timeout(SECOND));
    assert_agreement(|b| b.count_window(64).failure_rate(0.9).failure_threshold(12));
}

#[test]
fn long_count_windows_agree_with_the_model() {
    assert_agreement(|b| b.count_window(65).failure_rate(0.2));
    assert_agreement(|b| b.count_window(200).failure_rate(0.1).min_calls(30));
}

#[test]
fn time_windows_agree_with_the_model() {
    assert_agreement(|b| b.time_window(10 * SECOND).min_calls(3));
    assert_agreement(|b| {
        b.time_window(Duration::from_millis(1003))
            .failure_rate(0.2)
            .recovery_timeout(SECOND)
    });
    assert_agreement(|b| {
        b.time_window(600 * SECOND)
            .failure_rate(0.8)
            .failure_threshold(20)
            .recovery_backoff(3.0)
    });
}

#[test]
fn slow_calls_agree_with_the_model() {
    assert_agreement(|b| b.slow_call(2 * SECOND));
    assert_agreement(|b| {
        b.slow_call(5 * SECOND)
            .slow_rate(0.9)
            .count_window(20)
            .success_threshold(2)
    });
    assert_agreement(|b| {
        b.slow_call(SECOND)
            .slow_rate(0.3)
            .time_window(60 * SECOND)
            .min_calls(5)
    });
}

#[test]
fn shadow_mode_agrees_with_the_model() {
    assert_agreement(|b| b.shadow(true));
    assert_agreement(|b| {
        b.shadow(true)
            .count_window(20)
            .slow_call(2 * SECOND)
            .half_open_timeout(3 * SECOND)
    });
}

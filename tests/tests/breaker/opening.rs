//! Opening: thresholds, rates and windows.

use crate::support::{Bench, SECOND, bench};
use gardefou::breaker::CircuitState::{Closed, Open};
use std::time::Duration;

/// Makes the calls of a script on a fresh breaker and returns after which it opened.
fn opens_after(calls: &str, svc: &Bench) -> Option<usize> {
    calls.chars().enumerate().find_map(|(i, letter)| {
        svc.script(&letter.to_string());
        (svc.state() == Open).then_some(i + 1)
    })
}

#[test]
fn rate_below_the_minimum_number_of_calls_is_unknown() {
    let svc = bench(|b| b.count_window(20).failure_rate(0.5).min_calls(10));
    svc.script(&"F".repeat(9));
    assert_eq!(svc.state(), Closed);
    assert_eq!(
        svc.breaker.snapshot().failure_rate,
        None,
        "unknown, not zero"
    );
    svc.script("F");
    assert_eq!(svc.state(), Open);
}

#[test]
fn threshold_itself_opens() {
    let svc = bench(|b| b.count_window(10).failure_rate(0.5).min_calls(10));
    assert_eq!(opens_after("SSSSSFFFFF", &svc), Some(10));
    let svc = bench(|b| b.count_window(10).failure_rate(0.5).min_calls(10));
    assert_eq!(opens_after("SSSSSSFFFF", &svc), None, "four of ten");
}

#[test]
fn success_between_failures_resets_the_count() {
    let svc = bench(|b| b.failure_threshold(3));
    svc.script("FFSFF");
    assert_eq!(svc.state(), Closed);
    svc.script("F");
    assert_eq!(svc.state(), Open);
}

#[test]
fn five_failures_in_a_row_open_by_default() {
    assert_eq!(opens_after("FFFFFF", &bench(|b| b)), Some(5));
}

#[test]
fn old_failures_leave_a_time_window() {
    let svc = bench(|b| b.time_window(10 * SECOND).failure_rate(0.5).min_calls(4));
    svc.script("FFF");
    svc.pass(10 * SECOND);
    svc.script("F");
    assert_eq!(svc.state(), Closed);
    assert_eq!(svc.breaker.snapshot().window_calls, 1);
    svc.script("FFF");
    assert_eq!(svc.state(), Open);
}

#[test]
fn time_window_slides_in_ten_steps() {
    let svc = bench(|b| b.time_window(10 * SECOND));
    for _ in 0..10 {
        svc.script("S");
        svc.pass(SECOND);
    }
    assert_eq!(svc.breaker.snapshot().window_calls, 9);
    svc.pass(SECOND);
    assert_eq!(svc.breaker.snapshot().window_calls, 8);
}

#[test]
fn expired_calls_never_return_into_the_window() {
    let svc = bench(|b| b.time_window(10 * SECOND).failure_rate(0.5).min_calls(3));
    svc.script("FS");
    svc.pass(10 * SECOND);
    assert_eq!(opens_after("FSSF", &svc), Some(4));

    let svc = bench(|b| b.time_window(10 * SECOND));
    svc.script("FSFS");
    // Every length of idle gap, also those that wrap around the ring of buckets.
    for step in [9, 10, 11, 20, 100, 101, 1000, 12_345] {
        svc.pass(SECOND * step);
    }
    assert_eq!(svc.breaker.snapshot().window_calls, 0);
    svc.script("S");
    assert_eq!(svc.breaker.snapshot().window_calls, 1);
}

#[test]
fn count_window_slides() {
    // A direct peer's window only adds: after a thousand successes it needs a thousand failures.
    for calls in [1, 10, 63, 64, 65, 100, 1000] {
        let svc = bench(|b| b.count_window(calls).failure_rate(0.5).min_calls(1));
        svc.script(&"S".repeat(1000));
        let opened = opens_after(&"F".repeat(1000), &svc);
        assert_eq!(
            opened,
            Some(calls.div_ceil(2) as usize),
            "window of {calls}"
        );
    }
}

#[test]
fn one_success_in_five_does_not_hide_a_high_failure_rate() {
    let svc = bench(|b| b.count_window(20).failure_rate(0.8));
    assert!(opens_after(&"FFFFS".repeat(10), &svc).is_some());
    let consecutive = bench(|b| b);
    assert_eq!(
        opens_after(&"FFFFS".repeat(200), &consecutive),
        None,
        "in a row there are never five"
    );
}

#[test]
fn ignored_calls_are_neither_failures_nor_successes() {
    let svc = bench(|b| b.failure_threshold(2));
    svc.script("FI");
    assert_eq!(
        svc.breaker.snapshot().consecutive_failures,
        1,
        "an ignored call ends no row"
    );
    svc.script("F");
    assert_eq!(svc.state(), Open);
    let svc = bench(|b| b.count_window(10).min_calls(2));
    svc.script("IIIIII");
    assert_eq!(
        (
            svc.breaker.snapshot().window_calls,
            svc.breaker.snapshot().counts.ignored
        ),
        (0, 6)
    );
}

#[test]
fn elapsed_window_clears_the_counts_at_the_next_call() {
    let svc = bench(|b| b.time_window(30 * SECOND));
    svc.script("SSSFF");
    svc.pass(31 * SECOND);
    svc.script("S");
    let now = svc.breaker.snapshot();
    assert_eq!((now.window_calls, now.consecutive_failures), (1, 0));
}

#[test]
fn tiny_and_huge_windows_work() {
    let svc = bench(|b| b.time_window(Duration::from_millis(1)).min_calls(1));
    svc.script("SSS");
    svc.pass(Duration::from_millis(1));
    assert_eq!(opens_after("F", &svc), Some(1));
    let svc = bench(|b| b.time_window(Duration::MAX).min_calls(3));
    svc.script("SF");
    svc.pass(Duration::from_secs(u64::MAX / 2_000_000_000));
    assert_eq!(opens_after("F", &svc), Some(1));
}

#[test]
fn both_rules_apply_where_both_are_set() {
    let configure = |b: gardefou::breaker::BreakerBuilder| {
        b.count_window(100).failure_rate(0.9).failure_threshold(3)
    };
    assert_eq!(opens_after("SSSSSSSSSSFFF", &bench(configure)), Some(13));
}

#[test]
fn window_alone_disables_the_consecutive_rule() {
    let svc = bench(|b| b.count_window(100).min_calls(50));
    assert_eq!(opens_after(&"F".repeat(49), &svc), None);
}

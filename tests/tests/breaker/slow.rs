//! Slow calls, ended and running.

use crate::support::{Bench, MINUTE, SECOND, bench, listen};
use gardefou::breaker::{
    CircuitState::{Closed, Open},
    Permit,
};
use std::time::Duration;

fn call_of(svc: &Bench, time: Duration, good: bool) {
    let permit = svc.breaker.try_acquire().unwrap();
    svc.pass(time);
    if good {
        permit.success();
    } else {
        permit.failure();
    }
}

#[test]
fn slow_successes_open_the_circuit() {
    let svc = bench(|b| b.slow_call(2 * SECOND).slow_rate(0.5).count_window(5));
    for seconds in [1, 3, 1, 3] {
        call_of(&svc, SECOND * seconds, true);
    }
    assert_eq!(svc.state(), Closed);
    call_of(&svc, 3 * SECOND, true);
    assert_eq!(svc.state(), Open);
    assert_eq!(svc.breaker.snapshot().counts.slow, 3);
}

#[test]
fn call_of_exactly_the_limit_is_not_slow() {
    let svc = bench(|b| b.slow_call(2 * SECOND));
    call_of(&svc, 2 * SECOND, true);
    assert_eq!(svc.breaker.snapshot().counts.slow, 0);
    call_of(&svc, 2 * SECOND + Duration::from_nanos(1), true);
    assert_eq!(svc.breaker.snapshot().counts.slow, 1);
}

#[test]
fn calls_that_hang_open_the_circuit_before_they_end() {
    let svc = bench(|b| {
        b.slow_call(2 * SECOND)
            .slow_rate(0.5)
            .count_window(10)
            .min_calls(4)
    });
    let (_subscription, events) = listen(&svc.breaker);
    let hung: Vec<_> = (0..4).map(|_| svc.breaker.try_acquire().unwrap()).collect();
    svc.pass(2 * SECOND);
    assert!(!svc.is_rejecting(), "not slow yet");
    svc.pass(Duration::from_nanos(1));
    assert!(svc.is_rejecting(), "the next call finds them out");
    assert_eq!(
        *events.lock().unwrap(),
        [
            "slow, pending",
            "slow, pending",
            "slow, pending",
            "slow, pending",
            "closed>open slow_rate",
            "rejected"
        ]
    );
    let before = svc.breaker.snapshot();
    hung.into_iter().for_each(Permit::failure);
    assert_eq!(
        svc.breaker.snapshot().counts,
        before.counts,
        "they ended too late to mean anything"
    );
}

#[test]
fn call_that_was_counted_while_it_ran_is_not_counted_again() {
    let svc = bench(|b| {
        b.slow_call(SECOND)
            .slow_rate(0.9)
            .count_window(10)
            .min_calls(10)
    });
    let hung = svc.breaker.try_acquire().unwrap();
    svc.pass(2 * SECOND);
    svc.script("S");
    let seen = svc.breaker.snapshot();
    assert_eq!((seen.counts.slow, seen.window_calls), (1, 2));
    hung.success();
    let seen = svc.breaker.snapshot();
    assert_eq!(
        (seen.counts.slow, seen.window_calls, seen.counts.success),
        (1, 2, 2)
    );
}

#[test]
fn failure_of_a_call_counted_as_slow_amends_its_entry() {
    for time in [false, true] {
        let svc = bench(|b| {
            let b = b
                .slow_call(SECOND)
                .slow_rate(1.0)
                .failure_rate(0.9)
                .min_calls(3);
            if time {
                b.time_window(MINUTE)
            } else {
                b.count_window(10)
            }
        });
        let hung = svc.breaker.try_acquire().unwrap();
        svc.pass(2 * SECOND);
        svc.script("SS");
        hung.failure();
        let seen = svc.breaker.snapshot();
        assert_eq!(
            (seen.window_calls, seen.failure_rate, seen.slow_rate),
            (3, Some(1.0 / 3.0), Some(1.0 / 3.0))
        );
    }
}

#[test]
fn slow_probe_opens_again() {
    let svc = bench(|b| b.failure_threshold(1).slow_call(SECOND));
    svc.script("F");
    svc.pass(MINUTE);
    call_of(&svc, 2 * SECOND, true);
    assert_eq!(svc.state(), Open);
    svc.pass(MINUTE);
    call_of(&svc, SECOND, true);
    assert_eq!(svc.state(), Closed);
}

#[test]
fn lowered_limit_applies_to_running_calls() {
    let svc = bench(|b| {
        b.slow_call(MINUTE)
            .slow_rate(0.5)
            .count_window(10)
            .min_calls(1)
    });
    let _hung = svc.breaker.try_acquire().unwrap();
    svc.pass(2 * SECOND);
    assert!(!svc.is_rejecting());
    svc.breaker.reconfigure(|b| b.slow_call(SECOND)).unwrap();
    assert!(svc.is_rejecting());
}

#[test]
fn permit_may_end_on_another_thread() {
    let svc = bench(|b| b.slow_call(SECOND).min_calls(2));
    let permit = svc.breaker.try_acquire().unwrap();
    svc.pass(3 * SECOND);
    std::thread::spawn(move || permit.success()).join().unwrap();
    assert_eq!(svc.breaker.snapshot().counts.slow, 1);
}

#[test]
fn slow_and_fast_calls_of_many_threads_are_all_counted_once() {
    let svc = bench(|b| {
        b.slow_call(SECOND)
            .slow_rate(1.0)
            .count_window(1000)
            .min_calls(1000)
    });
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).for_each(|_| svc.script("SFSI")));
        }
    });
    let counts = svc.breaker.snapshot().counts;
    assert_eq!(
        (counts.success, counts.failure, counts.ignored, counts.slow),
        (800, 400, 400, 0)
    );
}

#[test]
fn every_running_slow_call_is_found_whatever_their_number() {
    let svc = bench(|b| b.slow_call(SECOND).count_window(20_000).min_calls(20_000));
    let running: Vec<_> = (0..10_000)
        .map(|_| svc.breaker.try_acquire().unwrap())
        .collect();
    svc.pass(2 * SECOND);
    svc.script("S");
    assert_eq!(svc.breaker.snapshot().counts.slow, 10_000);
    running.into_iter().for_each(Permit::success);
    let seen = svc.breaker.snapshot();
    assert_eq!(
        (seen.counts.slow, seen.counts.success, seen.window_calls),
        (10_000, 10_001, 10_001)
    );
}

#[test]
fn call_counted_in_another_window_amends_nothing_in_a_new_one() {
    let svc = bench(|b| {
        b.slow_call(SECOND)
            .slow_rate(1.0)
            .count_window(100)
            .min_calls(100)
    });
    let slow = svc.breaker.try_acquire().unwrap();
    svc.pass(2 * SECOND);
    svc.script("S");
    svc.breaker
        .reconfigure(|b| b.time_window(MINUTE).min_calls(1))
        .unwrap();
    svc.script("S");
    slow.failure();
    let seen = svc.breaker.snapshot();
    assert_eq!(
        (seen.window_calls, seen.failure_rate, seen.counts.failure),
        (1, Some(0.0), 1)
    );
}

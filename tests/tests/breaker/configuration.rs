//! Building and reconfiguring.

use crate::support::{MINUTE, SECOND, bench};
use gardefou::{
    breaker::{
        BreakerBuilder, BreakerConfig, CircuitBreaker, CircuitState, ManualControl, WindowKind,
    },
    time::ManualClock,
};
use std::time::Duration;

/// Builds, and returns the illegal fields.
fn faults(configure: impl FnOnce(BreakerBuilder) -> BreakerBuilder) -> Vec<&'static str> {
    match configure(CircuitBreaker::builder("svc")).build() {
        Ok(_) => Vec::new(),
        Err(err) => err.problems().map(|problem| problem.field).collect(),
    }
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let config = bench(|b| b).breaker.config();
    assert_eq!(config, BreakerConfig::default());
    assert_eq!(
        (config.failure_threshold, config.recovery_timeout),
        (Some(5), MINUTE)
    );
    assert_eq!(
        (config.half_open_max_calls, config.success_threshold),
        (2, 1)
    );
    assert_eq!(
        (config.recovery_backoff, config.recovery_jitter),
        (1.0, 0.0)
    );
    assert_eq!(
        (config.abandoned_after, config.half_open_timeout),
        (SECOND, MINUTE)
    );
    let rated = bench(|b| b.failure_rate(0.2)).breaker.config();
    assert_eq!(
        (rated.window, rated.min_calls),
        (Some(WindowKind::Calls(100)), 10)
    );
    assert_eq!(
        (rated.failure_rate, rated.failure_threshold),
        (Some(0.2), None)
    );
    let slow = bench(|b| b.slow_call(SECOND)).breaker.config();
    assert_eq!(
        (slow.slow_rate, slow.failure_rate, slow.failure_threshold),
        (Some(0.5), None, Some(5))
    );
    assert_eq!(bench(|b| b.count_window(4)).breaker.config().min_calls, 4);
}

#[test]
fn every_illegal_value_is_refused_with_its_name() {
    assert_eq!(faults(|b| b.failure_threshold(0)), ["failure_threshold"]);
    assert_eq!(
        faults(|b| b.recovery_timeout(Duration::ZERO)),
        ["recovery_timeout"]
    );
    assert_eq!(
        faults(|b| b.half_open_max_calls(0)),
        ["half_open_max_calls"]
    );
    assert_eq!(faults(|b| b.success_threshold(0)), ["success_threshold"]);
    for factor in [0.0, 0.99, -1.0, 1001.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            faults(|b| b.recovery_backoff(factor)),
            ["recovery_backoff"],
            "{factor}"
        );
    }
    assert_eq!(
        faults(|b| b.max_recovery_timeout(SECOND)),
        ["max_recovery_timeout"]
    );
    for jitter in [-0.1, 1.1, f64::NAN] {
        assert_eq!(
            faults(|b| b.recovery_jitter(jitter)),
            ["recovery_jitter"],
            "{jitter}"
        );
    }
    assert_eq!(
        faults(|b| b.half_open_timeout(Duration::ZERO)),
        ["half_open_timeout"]
    );
    assert_eq!(faults(|b| b.count_window(1_000_001)), ["count_window"]);
    assert_eq!(
        faults(|b| b.time_window(Duration::from_micros(999))),
        ["time_window"]
    );
    assert_eq!(
        faults(|b| b.count_window(10).time_window(SECOND)),
        ["time_window"]
    );
    for rate in [0.0, -0.5, 1.01, f64::NAN] {
        assert_eq!(faults(|b| b.failure_rate(rate)), ["failure_rate"], "{rate}");
        assert_eq!(
            faults(|b| b.slow_call(SECOND).slow_rate(rate)),
            ["slow_rate"],
            "{rate}"
        );
    }
    assert_eq!(faults(|b| b.slow_rate(0.5)), ["slow_rate"]);
    assert_eq!(faults(|b| b.slow_call(Duration::ZERO)), ["slow_call"]);
    assert_eq!(faults(|b| b.min_calls(5)), ["min_calls"]);
    assert_eq!(faults(|b| b.count_window(5).min_calls(6)), ["min_calls"]);
    assert_eq!(faults(|b| b.count_window(5).min_calls(0)), ["min_calls"]);
    assert!(faults(|b| b.count_window(0)).contains(&"count_window"));
}

#[test]
fn fewer_slots_than_successes_are_refused_where_both_are_set() {
    assert_eq!(
        faults(|b| b.half_open_max_calls(1).success_threshold(3)),
        ["half_open_max_calls"]
    );
    assert!(faults(|b| b.half_open_max_calls(3).success_threshold(3)).is_empty());
    assert!(
        faults(|b| b.success_threshold(5)).is_empty(),
        "the default of the other is no contradiction"
    );
    let svc = bench(|b| b.half_open_max_calls(1));
    assert_eq!(
        svc.breaker
            .reconfigure(|b| b.success_threshold(2))
            .unwrap_err()
            .field(),
        "half_open_max_calls"
    );
}

#[test]
fn all_problems_are_reported_at_once() {
    let found = faults(|b| {
        b.failure_threshold(0)
            .half_open_max_calls(0)
            .failure_rate(2.0)
    });
    assert_eq!(
        found,
        ["failure_threshold", "half_open_max_calls", "failure_rate"]
    );
}

#[test]
fn names_are_bounded_and_printable() {
    let hidden = [
        "a\u{200b}",
        "\u{202e}a",
        "a\u{ad}b",
        "a\u{2066}b",
        "\u{feff}a",
        "a\u{3164}",
    ];
    let long = [
        "x".repeat(129),
        "\u{1b}".repeat(128),
        "\u{10ffff}".repeat(20_000),
    ];
    let wrong = ["", "  ", "a\nb", "\u{1b}[31m", "tab\there"]
        .into_iter()
        .chain(hidden);
    for name in wrong.chain(long.iter().map(String::as_str)) {
        let err = CircuitBreaker::builder(name).build().unwrap_err();
        assert_eq!(err.field(), "name", "{name:?}");
        assert!(
            !err.to_string().contains(['\n', '\u{1b}']) && err.to_string().len() < 200,
            "{err}"
        );
    }
    for name in ["a", "paiement-régional 2", &"x".repeat(128), "数据库"] {
        assert_eq!(CircuitBreaker::builder(name).build().unwrap().name(), name);
    }
}

#[test]
fn reconfigured_breaker_keeps_its_state() {
    let svc = bench(|b| b.failure_threshold(5));
    svc.script("FFF");
    let in_flight = svc.breaker.try_acquire().unwrap();
    svc.breaker.reconfigure(|b| b.failure_threshold(4)).unwrap();
    assert_eq!(svc.breaker.snapshot().consecutive_failures, 3);
    in_flight.failure();
    assert_eq!(
        svc.state(),
        CircuitState::Open,
        "the call in flight still counts"
    );
    svc.breaker
        .reconfigure(|b| b.recovery_timeout(SECOND))
        .unwrap();
    assert_eq!(
        svc.breaker.snapshot().remaining,
        Some(MINUTE),
        "the open time that runs ends as it was to"
    );
}

#[test]
fn resized_window_keeps_the_newest_calls() {
    let svc = bench(|b| b.count_window(10).failure_rate(0.9));
    svc.script("FFFFSSSSSS");
    svc.breaker
        .reconfigure(|b| b.count_window(8).min_calls(8))
        .unwrap();
    assert_eq!(svc.breaker.snapshot().failure_rate, Some(0.25));
    svc.breaker
        .reconfigure(|b| b.count_window(100).min_calls(8))
        .unwrap();
    assert_eq!(svc.breaker.snapshot().window_calls, 8);

    let svc = bench(|b| b.time_window(10 * SECOND).failure_rate(0.9).min_calls(2));
    svc.script("FS");
    svc.pass(5 * SECOND);
    svc.script("SS");
    svc.breaker
        .reconfigure(|b| b.time_window(20 * SECOND))
        .unwrap();
    assert_eq!(svc.breaker.snapshot().failure_rate, Some(0.25));
    svc.breaker
        .reconfigure(|b| b.time_window(4 * SECOND))
        .unwrap();
    assert_eq!(svc.breaker.snapshot().failure_rate, Some(0.0));
}

#[test]
fn defaults_follow_what_they_depend_on_when_a_breaker_is_reconfigured() {
    let svc = bench(|b| b);
    svc.breaker
        .reconfigure(|b| b.recovery_timeout(Duration::from_secs(7200)))
        .unwrap();
    let config = svc.breaker.config();
    assert_eq!(config.max_recovery_timeout, Duration::from_secs(7200));
    assert_eq!(config.half_open_timeout, Duration::from_secs(7200));
    svc.breaker.reconfigure(|b| b.count_window(4)).unwrap();
    assert_eq!(
        (
            svc.breaker.config().min_calls,
            svc.breaker.config().failure_threshold
        ),
        (4, None)
    );
}

#[test]
fn refused_reconfiguration_changes_nothing() {
    let svc = bench(|b| b);
    let before = svc.breaker.config();
    assert_eq!(
        svc.breaker
            .reconfigure(|b| b.failure_rate(7.0))
            .unwrap_err()
            .field(),
        "failure_rate"
    );
    assert_eq!(svc.breaker.config(), before);
}

#[test]
fn any_configuration_survives_being_resolved_again() {
    let configurations: [fn(BreakerBuilder) -> BreakerBuilder; 7] = [
        |b| b,
        |b| b.slow_call(SECOND),
        |b| b.slow_call(SECOND).slow_rate(0.7).min_calls(20),
        |b| b.count_window(30).failure_threshold(5),
        |b| b.time_window(MINUTE).failure_rate(0.1).slow_call(SECOND),
        |b| {
            b.failure_rate(0.3)
                .half_open_timeout(SECOND)
                .max_recovery_timeout(2 * MINUTE)
        },
        |b| {
            b.recovery_backoff(2.0)
                .recovery_jitter(0.1)
                .shadow(true)
                .timed(true)
                .abandoned_after(Duration::ZERO)
        },
    ];
    for configure in configurations {
        let svc = bench(configure);
        let before = svc.breaker.config();
        svc.breaker.reconfigure(|b| b).unwrap();
        assert_eq!(svc.breaker.config(), before);
    }
}

#[test]
fn last_window_that_a_change_sets_holds() {
    let svc = bench(|b| b.count_window(10));
    svc.breaker.reconfigure(|b| b.time_window(SECOND)).unwrap();
    assert_eq!(svc.breaker.config().window, Some(WindowKind::Time(SECOND)));
    svc.breaker
        .reconfigure(|b| b.time_window(MINUTE).count_window(7))
        .unwrap();
    assert_eq!(svc.breaker.config().window, Some(WindowKind::Calls(7)));
    assert_eq!(
        faults(|b| b.time_window(MINUTE).count_window(7)),
        ["time_window"],
        "in a builder they contradict"
    );
}

#[test]
fn explicit_setting_stays_explicit_where_it_equals_a_default() {
    let svc = bench(|b| {
        b.failure_threshold(5)
            .half_open_timeout(MINUTE)
            .max_recovery_timeout(60 * MINUTE)
    });
    svc.breaker.reconfigure(|b| b.count_window(50)).unwrap();
    assert_eq!(svc.breaker.config().failure_threshold, Some(5));
    svc.breaker
        .reconfigure(|b| b.recovery_timeout(2 * MINUTE))
        .unwrap();
    assert_eq!(svc.breaker.config().half_open_timeout, MINUTE);
    let refused = svc
        .breaker
        .reconfigure(|b| b.recovery_timeout(120 * MINUTE))
        .unwrap_err();
    assert_eq!(refused.field(), "max_recovery_timeout");
}

#[test]
fn settings_can_be_unset() {
    let svc = bench(|b| {
        b.count_window(10)
            .failure_rate(0.2)
            .min_calls(3)
            .slow_call(SECOND)
            .slow_rate(0.9)
    });
    svc.breaker.reconfigure(BreakerBuilder::no_window).unwrap();
    let config = svc.breaker.config();
    assert_eq!(
        (config.window, config.failure_rate),
        (Some(WindowKind::Calls(100)), None),
        "of the slow calls"
    );
    assert_eq!(
        (config.failure_threshold, config.min_calls, config.slow_rate),
        (Some(5), 10, Some(0.9))
    );
    svc.breaker
        .reconfigure(BreakerBuilder::no_slow_call)
        .unwrap();
    assert_eq!(svc.breaker.config(), bench(|b| b).breaker.config());

    let svc = bench(|b| b.failure_threshold(3).count_window(10));
    svc.breaker
        .reconfigure(BreakerBuilder::no_failure_threshold)
        .unwrap();
    assert_eq!(svc.breaker.config().failure_threshold, None);
    svc.breaker
        .reconfigure(|b| b.no_window().time_window(SECOND).failure_threshold(2))
        .unwrap();
    let config = svc.breaker.config();
    assert_eq!(
        (config.window, config.failure_threshold),
        (Some(WindowKind::Time(SECOND)), Some(2))
    );

    let svc = bench(|b| b.slow_call(SECOND).min_calls(20));
    svc.breaker
        .reconfigure(BreakerBuilder::no_slow_call)
        .unwrap();
    assert_eq!(svc.breaker.config(), bench(|b| b).breaker.config());
}

#[test]
fn nested_changes_are_both_kept() {
    let svc = bench(|b| b);
    let outer = svc.breaker.reconfigure(|b| {
        svc.breaker
            .reconfigure(|b| b.recovery_timeout(SECOND))
            .unwrap();
        b.failure_threshold(3)
    });
    outer.unwrap();
    let config = svc.breaker.config();
    assert_eq!(
        (config.recovery_timeout, config.failure_threshold),
        (SECOND, Some(3))
    );
}

#[test]
fn concurrent_changes_are_all_kept() {
    for _ in 0..50 {
        let svc = bench(|b| b);
        let barrier = std::sync::Barrier::new(3);
        let changes: [fn(BreakerBuilder) -> BreakerBuilder; 3] = [
            |b| b.failure_threshold(9),
            |b| b.recovery_timeout(SECOND),
            |b| b.abandoned_after(2 * SECOND),
        ];
        std::thread::scope(|scope| {
            for change in changes {
                let (breaker, barrier) = (&svc.breaker, &barrier);
                let late = move |b| {
                    // All have begun before the first one ends.
                    barrier.wait();
                    change(b)
                };
                scope.spawn(move || breaker.reconfigure(late).unwrap());
            }
        });
        let config = svc.breaker.config();
        let seen = (
            config.failure_threshold,
            config.recovery_timeout,
            config.abandoned_after,
        );
        assert_eq!(seen, (Some(9), SECOND, 2 * SECOND));
    }
}

#[test]
fn change_joins_a_control_and_refuses_a_clock_a_seed_and_a_hook() {
    let (svc, control) = (bench(|b| b), ManualControl::new());
    svc.breaker.reconfigure(|b| b.control(&control)).unwrap();
    svc.breaker.reconfigure(|b| b.control(&control)).unwrap();
    control.isolate();
    assert_eq!(svc.state(), CircuitState::ForcedOpen);
    let refused = svc
        .breaker
        .reconfigure(|b| {
            b.clock(ManualClock::new())
                .seed(1)
                .on_transition(|_| {})
                .failure_threshold(1)
        })
        .unwrap_err();
    assert_eq!(
        refused
            .problems()
            .map(|problem| problem.field)
            .collect::<Vec<_>>(),
        ["clock", "seed", "on_transition"]
    );
    assert_eq!(svc.breaker.config().failure_threshold, Some(5));
}

#[test]
fn expired_calls_do_not_return_into_a_longer_window() {
    let svc = bench(|b| b.time_window(10 * SECOND).failure_rate(0.9).min_calls(1));
    svc.script("SF");
    svc.pass(15 * SECOND);
    assert_eq!(svc.breaker.snapshot().window_calls, 0);
    svc.breaker.reconfigure(|b| b.time_window(MINUTE)).unwrap();
    assert_eq!(svc.breaker.snapshot().window_calls, 0);
}

//! Snapshots, and restoring them.

use crate::support::{Bench, MINUTE, SECOND, bench};
use gardefou::{
    breaker::{BreakerSnapshot, CircuitState::*},
    time::Clock,
};
use std::time::{Duration, SystemTime};

fn stored(svc: &Bench) -> BreakerSnapshot {
    let text = serde_json::to_string(&svc.breaker.snapshot()).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn restored_open_breaker_stays_open_for_the_rest_of_its_time() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.script("F");
    svc.pass(20 * SECOND);
    let snapshot = stored(&svc);
    let restarted = bench(|b| b.failure_threshold(1));
    restarted.breaker.restore(&snapshot);
    assert_eq!(
        (restarted.state(), restarted.breaker.snapshot().remaining),
        (Open, Some(40 * SECOND))
    );
    restarted.pass(40 * SECOND);
    restarted.script("S");
    assert_eq!(restarted.state(), Closed);
}

#[test]
fn time_that_the_program_was_down_counts() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.script("F");
    let snapshot = stored(&svc);
    svc.pass(25 * SECOND);
    let restarted = gardefou::breaker::CircuitBreaker::builder("svc")
        .clock(svc.clock.clone())
        .build()
        .unwrap();
    restarted.restore(&snapshot);
    assert_eq!(restarted.snapshot().remaining, Some(35 * SECOND));
}

#[test]
fn restored_half_open_breaker_probes_at_once() {
    let svc = bench(|b| b.failure_threshold(1).success_threshold(2));
    svc.script("F");
    svc.pass(MINUTE);
    svc.script("S");
    assert_eq!(svc.state(), HalfOpen);
    let restarted = bench(|b| b.half_open_max_calls(1));
    restarted.breaker.restore(&stored(&svc));
    assert_eq!(
        (restarted.state(), restarted.breaker.snapshot().remaining),
        (HalfOpen, Some(Duration::ZERO))
    );
    let probe = restarted.breaker.try_acquire().unwrap();
    assert!(restarted.is_rejecting());
    probe.success();
    assert_eq!(restarted.state(), Closed);
}

#[test]
fn manual_states_counts_and_failures_in_a_row_are_restored() {
    let svc = bench(|b| b);
    svc.script("SSIFFFF");
    let closed = stored(&svc);
    svc.breaker.force_open();
    let restarted = bench(|b| b);
    restarted.breaker.restore(&stored(&svc));
    assert_eq!(restarted.state(), ForcedOpen);
    let restarted = bench(|b| b);
    restarted.breaker.restore(&closed);
    assert_eq!(restarted.breaker.snapshot().counts, closed.counts);
    restarted.script("F");
    assert_eq!(restarted.state(), Open, "the fifth in a row");
}

#[test]
fn grown_open_time_goes_on_growing() {
    let grown = |b: gardefou::breaker::BreakerBuilder| b.failure_threshold(1).recovery_backoff(2.0);
    let svc = bench(grown);
    svc.script("F");
    svc.pass(MINUTE);
    svc.script("F");
    let restarted = bench(grown);
    restarted.breaker.restore(&stored(&svc));
    restarted.pass(2 * MINUTE);
    restarted.script("F");
    assert_eq!(restarted.breaker.snapshot().remaining, Some(4 * MINUTE));
}

#[test]
fn snapshot_has_every_field() {
    let svc = bench(|b| {
        b.count_window(10)
            .min_calls(3)
            .failure_rate(0.9)
            .slow_call(SECOND)
    });
    svc.script("SSF");
    svc.pass(5 * SECOND);
    let seen = svc.breaker.snapshot();
    assert_eq!(
        (
            seen.name.as_str(),
            seen.state,
            seen.remaining,
            seen.generation
        ),
        ("svc", Closed, None, 0)
    );
    assert_eq!(
        (seen.window_calls, seen.failure_rate, seen.slow_rate),
        (3, Some(1.0 / 3.0), Some(0.0))
    );
    assert_eq!(
        (seen.taken_at, seen.since),
        (svc.clock.wall(), svc.clock.wall() - 5 * SECOND)
    );
    assert_eq!(
        seen.last_failure.as_ref().unwrap().at,
        svc.clock.wall() - 5 * SECOND
    );
    assert_eq!(seen.config, svc.breaker.config());
    assert_eq!(
        stored(&svc),
        seen,
        "nothing is lost on the way to disk and back"
    );
}

#[test]
fn malformed_snapshot_is_an_error_or_has_defaults() {
    for text in [
        "{}",
        "[]",
        "null",
        r#"{"name":"x"}"#,
        r#"{"name":"x","state":"ajar"}"#,
        r#"{"name":1,"state":"open"}"#,
    ] {
        assert!(
            serde_json::from_str::<BreakerSnapshot>(text).is_err(),
            "{text}"
        );
    }
    let odd = r#"{"name":"x","state":"open","remaining":-5,"since":-1,"taken_at":99999999999999999,
        "generation":"many","counts":[],"consecutive_failures":1e30,"config":{"time_window":1e300,"min_calls":-3}}"#;
    let snapshot: BreakerSnapshot = serde_json::from_str(odd).unwrap();
    let svc = bench(|b| b);
    svc.breaker.restore(&snapshot);
    assert_eq!(svc.state(), HalfOpen, "no time left");
    let mut far = snapshot;
    (far.taken_at, far.remaining) = (SystemTime::UNIX_EPOCH, Some(Duration::MAX));
    svc.breaker.restore(&far);
    assert_eq!(svc.state(), Open);
}

/// Counting works after any stored counts.
#[test]
fn counts_saturate() {
    let svc = bench(|b| b.failure_threshold(1));
    let mut stored = serde_json::to_value(svc.breaker.snapshot()).unwrap();
    for (_, count) in stored["counts"].as_object_mut().unwrap() {
        *count = u64::MAX.into();
    }
    svc.breaker
        .restore(&serde_json::from_value(stored).unwrap());
    svc.script("SIF");
    assert!(svc.is_rejecting());
    let counts = svc.breaker.snapshot().counts;
    assert_eq!(
        [
            counts.success,
            counts.failure,
            counts.rejected,
            counts.total()
        ],
        [u64::MAX; 4]
    );
}

#[test]
fn cause_and_last_failure_are_restored() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.breaker
        .try_acquire()
        .unwrap()
        .failure_because("no route to host");
    svc.pass(20 * SECOND);
    let before = svc.breaker.snapshot();
    let restarted = bench(|b| b.failure_threshold(1));
    restarted.breaker.restore(&stored(&svc));
    assert_eq!(
        restarted
            .breaker
            .try_acquire()
            .unwrap_err()
            .cause()
            .as_deref(),
        Some("no route to host")
    );
    let seen = restarted.breaker.snapshot();
    assert_eq!(
        (&seen.last_failure, &seen.opened_by),
        (&before.last_failure, &before.opened_by)
    );
    assert_eq!(stored(&restarted), seen);
    restarted.pass(MINUTE);
    restarted
        .breaker
        .try_acquire()
        .unwrap()
        .failure_because("still none");
    let later = restarted.breaker.snapshot();
    assert_eq!(later.opened_by.as_deref(), Some("still none"));
    restarted.breaker.restore(&before);
    assert_eq!(
        restarted.breaker.snapshot().last_failure,
        later.last_failure,
        "what failed later is the last"
    );
}

#[test]
fn circuit_opened_by_no_failure_is_restored_without_a_cause() {
    let svc = bench(|b| b);
    svc.breaker.try_acquire().unwrap().failure_because("once");
    svc.breaker.open_for(MINUTE);
    let restarted = bench(|b| b);
    restarted.breaker.restore(&stored(&svc));
    assert_eq!(restarted.breaker.try_acquire().unwrap_err().cause(), None);
    let mut old = serde_json::to_value(svc.breaker.snapshot()).unwrap();
    old.as_object_mut().unwrap().remove("opened_by");
    let restarted = bench(|b| b);
    restarted
        .breaker
        .restore(&serde_json::from_value(old).unwrap());
    assert_eq!(
        restarted
            .breaker
            .try_acquire()
            .unwrap_err()
            .cause()
            .as_deref(),
        Some("once"),
        "all it can know"
    );
}

#[test]
fn long_and_exact_durations_round_trip() {
    for duration in [
        Duration::MAX,
        Duration::MAX - Duration::from_nanos(1),
        Duration::from_secs(u64::MAX),
        Duration::new(100_000_000, 123_456_789),
        Duration::from_secs((1 << 53) + 1),
        Duration::from_nanos(1),
    ] {
        let svc = bench(|b| {
            b.recovery_timeout(duration)
                .abandoned_after(duration)
                .slow_call(duration)
        });
        svc.breaker.open_for(duration);
        assert_eq!(stored(&svc), svc.breaker.snapshot(), "{duration:?}");
    }
}

#[test]
fn remaining_time_beyond_all_durations_saturates() {
    let svc = bench(|b| b);
    svc.breaker.restore(
        &serde_json::from_str(r#"{"name":"x","state":"open","remaining":1e308}"#).unwrap(),
    );
    assert_eq!(svc.state(), Open);
    for odd in [r#""NaN""#, r#""1.5""#, r#""-1.000000000""#, "-1e308", "[]"] {
        let text = format!(r#"{{"name":"x","state":"open","remaining":{odd}}}"#);
        assert_eq!(
            serde_json::from_str::<BreakerSnapshot>(&text)
                .unwrap()
                .remaining,
            None,
            "{odd}"
        );
    }
}

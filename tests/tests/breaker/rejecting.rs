//! Open state: rejections, their contents, and the open time.

use crate::support::{MINUTE, SECOND, bench};
use gardefou::{
    AppError, ErrorCode,
    breaker::{CircuitBreaker, CircuitState, ErrorClassifier, FailurePredicate},
    error::Policy,
    time::{Clock, ManualClock, Tick},
    with_circuit_breaker,
};
use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

#[test]
fn open_circuit_runs_nothing_and_counts_no_outcome() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.script("F");
    let ran = Cell::new(false);
    let err = svc.breaker.call(|| {
        ran.set(true);
        Ok::<_, AppError>(())
    });
    assert!(err.unwrap_err().is(ErrorCode::CIRCUIT_OPEN_ERROR));
    assert!(!ran.get());
    let counts = svc.breaker.snapshot().counts;
    assert_eq!((counts.rejected, counts.success, counts.failure), (1, 0, 1));
}

#[test]
fn error_of_a_rejection_has_breaker_state_and_wait_as_details() {
    let svc = bench(|b| {
        b.failure_threshold(1)
            .recovery_timeout(30 * SECOND)
            .half_open_max_calls(1)
    });
    svc.script("F");
    svc.pass(SECOND / 2);
    let open = svc.breaker.try_acquire().unwrap_err();
    let details = |rejection: &gardefou::Rejection| {
        serde_json::json!(AppError::from(rejection.clone()).details())
    };
    let of_open =
        serde_json::json!({ "circuit_breaker": "svc", "state": "open", "retry_after": 29.5 });
    assert_eq!(details(&open), of_open);
    svc.pass(30 * SECOND);
    let _probe = svc.breaker.try_acquire().unwrap();
    let half_open = svc.breaker.try_acquire().unwrap_err();
    assert_eq!(details(&half_open)["state"], "half_open");
    assert_eq!(
        details(&open),
        of_open,
        "as it was when the call was rejected"
    );
    svc.breaker.force_open();
    assert_eq!(
        details(&svc.breaker.try_acquire().unwrap_err())["state"],
        "forced_open"
    );
}

#[test]
fn rejection_carries_name_remaining_time_and_cause() {
    let svc = bench(|b| b.failure_threshold(2).recovery_timeout(30 * SECOND));
    let refused = || {
        Err::<(), _>(AppError::new(
            ErrorCode::DB_CONNECTION_ERROR,
            "connection refused",
        ))
    };
    assert!(svc.breaker.call(refused).is_err());
    assert!(svc.breaker.call(refused).is_err());
    svc.pass(Duration::from_millis(10_500));
    let rejection = svc.breaker.try_acquire().unwrap_err();
    assert_eq!(
        (rejection.policy(), rejection.name()),
        (Policy::CircuitBreaker, "svc")
    );
    assert_eq!(rejection.retry_after(), Some(Duration::from_millis(19_500)));
    assert_eq!(rejection.cause().as_deref(), Some("connection refused"));
    let error = AppError::from(rejection);
    assert_eq!(
        (error.code().http_status(), error.retry_after()),
        (503, Some(Duration::from_millis(19_500)))
    );
}

#[test]
fn circuit_that_a_value_opened_gives_no_cause() {
    let svc = bench(|b| b.failure_threshold(1));
    let bad = FailurePredicate(|outcome: &Result<u8, AppError>| matches!(outcome, Ok(0)));
    assert_eq!(svc.breaker.call_with(bad, || Ok(0)).unwrap(), 0);
    assert_eq!(svc.breaker.try_acquire().unwrap_err().cause(), None);
}

#[test]
fn cause_does_not_grow_with_the_rejections() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.breaker.try_acquire().unwrap().failure_because("down");
    for _ in 0..1000 {
        assert_eq!(
            svc.breaker.try_acquire().unwrap_err().cause().as_deref(),
            Some("down")
        );
    }
}

#[test]
fn rejection_keeps_its_cause_while_the_circuit_recovers() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.breaker.try_acquire().unwrap().failure_because("down");
    let rejection = svc.breaker.try_acquire().unwrap_err();
    svc.pass(MINUTE);
    svc.script("S");
    assert_eq!(svc.state(), CircuitState::Closed);
    assert_eq!(rejection.cause().as_deref(), Some("down"));
}

#[test]
fn old_rejection_does_not_get_the_cause_of_a_later_opening() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.breaker.try_acquire().unwrap().failure_because("first");
    let rejection = svc.breaker.try_acquire().unwrap_err();
    svc.breaker.reset();
    svc.breaker.try_acquire().unwrap().failure_because("second");
    assert_eq!(
        rejection.cause(),
        None,
        "no longer known, rather than wrong"
    );
}

#[test]
fn secret_in_a_cause_is_redacted() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.breaker
        .try_acquire()
        .unwrap()
        .failure_because("cannot reach https://user:hunter2@db.example");
    let shown = svc.breaker.try_acquire().unwrap_err().cause().unwrap();
    let kept = svc.breaker.snapshot().last_failure.unwrap().cause.unwrap();
    assert!(
        !shown.contains("hunter2") && !kept.contains("hunter2"),
        "{shown}, {kept}"
    );
    assert!(shown.contains("db.example"));
}

#[test]
fn last_moment_of_the_open_time_still_rejects() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.script("F");
    svc.pass(MINUTE - Duration::from_nanos(1));
    assert!(svc.is_rejecting());
    assert_eq!(svc.state(), CircuitState::Open);
    svc.pass(Duration::from_nanos(1));
    svc.script("S");
    assert_eq!(svc.state(), CircuitState::Closed);
}

#[test]
fn open_times_grow_while_recovery_fails_and_reset_on_close() {
    let svc = bench(|b| {
        b.failure_threshold(1)
            .recovery_timeout(SECOND)
            .recovery_backoff(2.0)
    });
    let open_time = || svc.breaker.snapshot().remaining.unwrap();
    svc.script("F");
    for seconds in [1, 2, 4, 8] {
        assert_eq!(open_time(), SECOND * seconds);
        svc.pass(SECOND * seconds);
        svc.script("F");
    }
    svc.pass(SECOND * 16);
    svc.script("S F");
    assert_eq!(open_time(), SECOND, "closed in between");
}

#[test]
fn grown_open_times_stop_at_the_cap_and_never_overflow() {
    let cap = Duration::from_secs(100);
    let svc = bench(|b| {
        b.failure_threshold(1)
            .recovery_timeout(SECOND)
            .recovery_backoff(1000.0)
            .max_recovery_timeout(cap)
    });
    svc.script("F");
    for _ in 0..500 {
        svc.pass(cap);
        svc.script("F");
    }
    assert_eq!(svc.breaker.snapshot().remaining, Some(cap));

    let svc = bench(|b| {
        b.failure_threshold(1)
            .recovery_timeout(Duration::MAX)
            .recovery_backoff(2.0)
    });
    svc.pass(SECOND);
    svc.script("F");
    assert!(svc.is_rejecting());
    assert_eq!(
        svc.breaker
            .try_acquire()
            .unwrap_err()
            .retry_after()
            .unwrap()
            .as_secs(),
        u64::MAX / 1_000_000_000 - 1
    );
}

#[test]
fn jitter_lengthens_open_times_within_its_bounds_and_below_the_cap() {
    let open_time = |seed: u64, cap: u64| {
        let svc = bench(|b| {
            b.failure_threshold(1)
                .recovery_jitter(0.5)
                .max_recovery_timeout(SECOND * cap as u32)
                .seed(seed)
        });
        svc.script("F");
        svc.breaker.snapshot().remaining.unwrap()
    };
    let times: Vec<Duration> = (0..200).map(|seed| open_time(seed, 3600)).collect();
    assert!(
        times
            .iter()
            .all(|time| (MINUTE..=MINUTE * 3 / 2).contains(time))
    );
    let spread = *times.iter().max().unwrap() - *times.iter().min().unwrap();
    assert!(spread > 25 * SECOND, "they differ by {spread:?} only");
    assert!(
        (0..200).all(|seed| open_time(seed, 70) <= 70 * SECOND),
        "the cap comes last"
    );
    assert_eq!(
        open_time(7, 3600),
        open_time(7, 3600),
        "a seed foretells them"
    );
}

#[test]
fn open_for_sets_the_open_time() {
    let svc = bench(|b| b);
    svc.breaker.open_for(10 * SECOND);
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().remaining),
        (CircuitState::Open, Some(10 * SECOND))
    );
    svc.breaker.open_for(5 * SECOND);
    assert_eq!(
        svc.breaker.snapshot().remaining,
        Some(10 * SECOND),
        "it is never shortened"
    );
    svc.breaker.open_for(20 * SECOND);
    svc.pass(20 * SECOND - Duration::from_nanos(1));
    assert!(svc.is_rejecting());
    svc.pass(SECOND);
    svc.script("S");
    assert_eq!(svc.state(), CircuitState::Closed);
}

#[test]
fn open_circuit_without_traffic_reads_half_open_after_its_time() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.script("F");
    svc.pass(MINUTE);
    let seen = svc.breaker.snapshot();
    assert_eq!(
        (seen.state, seen.remaining),
        (CircuitState::HalfOpen, Some(Duration::ZERO))
    );
}

#[test]
fn reading_the_state_changes_nothing() {
    let svc = bench(|b| b.failure_threshold(1).half_open_max_calls(1));
    svc.script("F");
    svc.pass(MINUTE);
    for _ in 0..10 {
        assert_eq!(svc.state(), CircuitState::HalfOpen);
        assert_eq!(svc.breaker.snapshot().generation, 1);
    }
    svc.script("S");
    assert_eq!(
        svc.state(),
        CircuitState::Closed,
        "the only slot was still free"
    );
}

#[test]
fn two_handles_are_one_breaker() {
    let svc = bench(|b| b.failure_threshold(1));
    let other = svc.breaker.clone();
    svc.script("F");
    assert!(other.call(|| Ok::<_, AppError>(1)).is_err());
    assert!(
        other
            .call(|| Ok::<_, std::io::Error>("another type"))
            .is_err()
    );
}

#[test]
fn clock_near_the_end_of_time_saturates() {
    let svc = bench(|b| {
        b.failure_threshold(1)
            .time_window(SECOND)
            .min_calls(1)
            .slow_call(SECOND)
    });
    svc.pass(Duration::MAX);
    svc.script("S F");
    assert!(svc.is_rejecting() || svc.state() == CircuitState::HalfOpen);
    let _ = svc.breaker.snapshot();
}

/// The original waited an hour longer when the machine's clock was set back by one.
#[test]
fn wall_clock_that_is_set_back_delays_no_recovery() {
    #[derive(Clone, Debug)]
    struct SetBack(ManualClock, Arc<AtomicBool>);
    impl Clock for SetBack {
        fn now(&self) -> Tick {
            self.0.now()
        }
        fn sleep(&self, duration: Duration) {
            self.0.sleep(duration);
        }
        fn wall(&self) -> SystemTime {
            let year = Duration::from_secs(365 * 86_400);
            let hour = if self.1.load(Relaxed) {
                Duration::from_secs(3600)
            } else {
                Duration::ZERO
            };
            SystemTime::UNIX_EPOCH + year - hour
        }
    }
    let clock = SetBack(ManualClock::new(), Arc::default());
    let breaker = CircuitBreaker::builder("set-back")
        .failure_threshold(1)
        .clock(clock.clone())
        .build()
        .unwrap();
    breaker.try_acquire().unwrap().failure();
    clock.1.store(true, Relaxed);
    clock.0.advance(61 * SECOND);
    breaker.try_acquire().unwrap().success();
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[test]
fn fallback_outcome_is_returned_and_not_counted() {
    let svc = bench(|b| b.failure_threshold(1));
    let call = |answer: Result<u32, &'static str>| {
        svc.breaker
            .call_or(ErrorClassifier, || Err("the function"), |_| answer)
    };
    assert_eq!(call(Ok(7)), Err("the function"));
    assert_eq!(call(Ok(7)), Ok(7));
    assert_eq!(
        call(Err("nothing in the cache")),
        Err("nothing in the cache"),
        "its own error, unwrapped"
    );
    let counts = svc.breaker.snapshot().counts;
    assert_eq!((counts.failure, counts.success, counts.rejected), (1, 0, 2));
}

#[tokio::test]
async fn async_fallback_outcome_is_returned() {
    let svc = bench(|b| b);
    let call = |answer: Result<u32, &'static str>| {
        svc.breaker.call_or_async(
            ErrorClassifier,
            async || Ok(1),
            move |_| std::future::ready(answer),
        )
    };
    assert_eq!(call(Err("unused")).await, Ok(1));
    svc.breaker.force_open();
    assert_eq!(
        (call(Ok(7)).await, call(Err("empty")).await),
        (Ok(7), Err("empty"))
    );
}

#[with_circuit_breaker(name = "rejecting-fallback", fallback = |_rejection| Err("nothing in the cache"))]
fn cached() -> Result<u32, &'static str> {
    Err("the function")
}

#[test]
fn error_of_an_attribute_fallback_is_returned() {
    assert_eq!(cached(), Err("the function"));
    gardefou::circuit_breakers()
        .get("rejecting-fallback")
        .unwrap()
        .force_open();
    assert_eq!(cached(), Err("nothing in the cache"));
}

/// The details of an error that is made of a rejection are made when they are read.
#[test]
fn state_that_rejected_is_known_however_late_it_is_read() {
    let svc = bench(|b| {
        b.failure_threshold(1)
            .half_open_max_calls(1)
            .recovery_timeout(SECOND)
    });
    let reject = || AppError::from(svc.breaker.try_acquire().unwrap_err());
    svc.script("F");
    let by_open = [reject(), reject(), reject()];
    svc.pass(SECOND);
    let probe = svc.breaker.try_acquire().unwrap();
    let by_half_open = reject();
    probe.success();
    svc.breaker.force_open();
    let by_hand = reject();
    svc.breaker.reset();
    svc.script("F");

    let [first, second, third] = by_open;
    assert_eq!(
        (&first.details()["state"], &first.details()["retry_after"]),
        (&"open".into(), &1.0.into())
    );
    let second = second.with_detail("attempt", 2);
    assert_eq!(
        (&second.details()["state"], &second.details()["attempt"]),
        (&"open".into(), &2.into())
    );
    let third = third.with_source(std::io::Error::other("another"));
    assert_eq!(
        (
            &third.details()["state"],
            &third.details()["circuit_breaker"]
        ),
        (&"open".into(), &"svc".into())
    );
    assert_eq!(by_half_open.details()["state"], "half_open");
    assert_eq!(by_hand.details()["state"], "forced_open");
}

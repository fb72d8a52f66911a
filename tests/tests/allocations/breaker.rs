//! Allocations of a breaker: none for allowed and rejected calls, sync and async, and for failures.

use crate::allocations;
use allocation_counter::measure;
use gardefou::{
    Rejection,
    breaker::{BreakerBuilder, CircuitBreaker},
    time::ManualClock,
};
use gardefou_tests::testkit::{child::in_own_process, poll};
use std::{future::ready, time::Duration};

#[derive(Debug)]
enum Error {
    Failed,
    Rejected(#[expect(dead_code, reason = "held as a user holds it, and dropped")] Rejection),
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

const SECOND: Duration = Duration::from_secs(1);

fn every_kind() -> Vec<CircuitBreaker> {
    let kinds: [fn(BreakerBuilder) -> BreakerBuilder; 7] = [
        |b| b,
        |b| b.failure_threshold(u32::MAX),
        |b| b.count_window(10).min_calls(10).failure_rate(1.0),
        |b| b.count_window(1000).min_calls(1000).failure_rate(1.0),
        |b| b.time_window(SECOND).min_calls(1000).failure_rate(1.0),
        |b| b.slow_call(SECOND).failure_threshold(u32::MAX),
        |b| b.shadow(true),
    ];
    let build = |kind: fn(BreakerBuilder) -> BreakerBuilder| {
        kind(CircuitBreaker::builder("svc").clock(ManualClock::new()))
            .build()
            .unwrap()
    };
    kinds.into_iter().map(build).collect()
}

fn ok() -> Result<u8, Error> {
    Ok(1)
}

#[test]
fn allowed_call_allocates_nothing() {
    for breaker in every_kind() {
        let calls = || {
            assert!(breaker.call(ok).is_ok());
            assert!(poll::ready(breaker.call_async(|| ready(ok()))).is_ok());
            breaker.try_acquire().unwrap().success();
            breaker.try_acquire().unwrap().ignore();
            drop(breaker.try_acquire().unwrap());
        };
        assert_eq!(allocations(calls), 0, "{:?}", breaker.config());
    }
}

#[test]
fn call_that_fails_allocates_nothing() {
    for breaker in every_kind()
        .into_iter()
        .filter(|breaker| breaker.config().failure_threshold != Some(5))
    {
        let calls = || {
            assert!(matches!(
                breaker.call(|| Err::<u8, _>(Error::Failed)),
                Err(Error::Failed)
            ));
            breaker.try_acquire().unwrap().failure_because("down");
            assert!(breaker.call(ok).is_ok());
        };
        assert_eq!(allocations(calls), 0, "{:?}", breaker.config());
    }
}

#[test]
fn slow_and_abandoned_calls_without_observers_allocate_nothing() {
    // Other tests of this binary have observers.
    in_own_process(|| {
        let clock = ManualClock::new();
        let builder = CircuitBreaker::builder("svc")
            .slow_call(SECOND)
            .failure_threshold(u32::MAX);
        let breaker = builder
            .count_window(1000)
            .min_calls(1000)
            .failure_rate(1.0)
            .clock(clock.clone())
            .build()
            .unwrap();
        let calls = || {
            let slow = breaker.try_acquire().unwrap();
            let abandoned = breaker.try_acquire().unwrap();
            clock.advance(2 * SECOND);
            breaker.try_acquire().unwrap().success();
            let slow_at_its_end = breaker.try_acquire().unwrap();
            clock.advance(2 * SECOND);
            slow_at_its_end.success();
            slow.success();
            drop(abandoned);
            let abandoned_by_all = breaker.try_acquire().unwrap();
            clock.advance(2 * SECOND);
            drop(abandoned_by_all);
        };
        // This thread's counters and cells; not a slow call, whose first event would make the place in
        // which events wait.
        breaker.try_acquire().unwrap().success();
        assert_eq!(measure(calls).count_total, 0);
        let counts = breaker.snapshot().counts;
        assert_eq!((counts.slow, counts.abandoned), (4, 1));
    });
}

#[test]
fn rejected_call_allocates_nothing() {
    for breaker in every_kind()
        .into_iter()
        .filter(|breaker| !breaker.config().shadow)
    {
        breaker.open_for(SECOND);
        let calls = || {
            assert!(matches!(breaker.call(ok), Err(Error::Rejected(_))));
            assert!(matches!(
                poll::ready(breaker.call_async(|| ready(ok()))),
                Err(Error::Rejected(_))
            ));
            assert!(breaker.try_acquire().is_err());
        };
        assert_eq!(allocations(calls), 0, "{:?}", breaker.config());
        breaker.force_open();
        assert_eq!(allocations(calls), 0, "forced open");
    }
}

#[test]
fn probe_that_decides_nothing_allocates_nothing() {
    let breaker = CircuitBreaker::builder("svc")
        .success_threshold(u32::MAX)
        .clock(ManualClock::new())
        .build()
        .unwrap();
    breaker.force_open();
    breaker.half_open().unwrap();
    assert_eq!(allocations(|| assert!(breaker.call(ok).is_ok())), 0);
}

#[test]
fn default_breaker_and_its_part_per_thread_are_small() {
    let clock = ManualClock::new();
    let mut kept = None;
    let made = measure(|| {
        kept = Some(
            CircuitBreaker::builder("a name of usual length")
                .clock(clock.clone())
                .build()
                .unwrap(),
        );
    });
    assert!(made.bytes_current < 1024, "{} bytes", made.bytes_current);
    let breaker = kept.unwrap();
    let used = measure(|| assert!(breaker.call(ok).is_ok()));
    assert!(
        used.bytes_current <= 64,
        "{} bytes for a thread",
        used.bytes_current
    );
}

//! Limiters on the time-stamp counter of the processor.

use crate::{
    rate_limit::{Rate, RateLimiter, clock::LimiterClock},
    time::{Clock, ManualClock, QuantaClock, SharedClock},
};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

fn limiter(rate: Rate, burst: u32) -> RateLimiter {
    let builder = RateLimiter::builder("counter").rate(rate).burst(burst);
    builder.clock(QuantaClock::new()).build().unwrap()
}

#[test]
fn counter_is_read_without_a_dynamic_call_and_other_clocks_stay_as_they_are() {
    let has_counter = |clock| LimiterClock::new(clock).counter().is_some();
    assert!(has_counter(SharedClock::new(QuantaClock::new())));
    assert!(!has_counter(SharedClock::new(ManualClock::new())));
    assert!(!has_counter(SharedClock::default()));
}

/// Whatever the speed of the machine: between two readings of the clock there are the burst, and a
/// permit for each interval.
#[test]
fn threads_get_no_more_than_the_burst_and_the_rate() {
    const EVERY: Duration = Duration::from_micros(50);
    let (clock, limiter) = (QuantaClock::new(), limiter(Rate::every(EVERY), 10));
    let granted = AtomicU64::new(0);
    let start = clock.now();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let own = (0..50_000).filter(|_| limiter.try_acquire().is_ok());
                granted.fetch_add(own.count() as u64, Ordering::SeqCst);
            });
        }
    });
    let granted = granted.into_inner();
    // The readings of the threads may differ by what the processor reorders.
    let passed = clock.now().since(start) + Duration::from_micros(1);
    let most = 10 + passed.as_nanos() / EVERY.as_nanos();
    assert!(
        10 <= granted && u128::from(granted) <= most,
        "{granted} of {most}"
    );
    assert_eq!(limiter.snapshot().admitted, granted);
}

#[test]
fn time_to_retry_after_is_exact_on_the_counter() {
    const HOUR: Duration = Duration::from_secs(3600);
    let (clock, limiter) = (QuantaClock::new(), limiter(Rate::per_hour(1), 1));
    let before = clock.now();
    limiter.try_acquire().unwrap();
    let rejection = limiter.try_acquire().unwrap_err();
    let reservation = limiter.reserve(1, HOUR).unwrap();
    let delay = reservation.delay();
    let passed = clock.now().since(before);
    for wait in [rejection.retry_after().unwrap(), delay] {
        assert!(HOUR - passed <= wait && wait <= HOUR, "{wait:?} {passed:?}");
    }
}

#[test]
fn weights_are_taken_at_once_or_not_at_all() {
    let limiter = limiter(Rate::per_hour(10), 10);
    limiter.try_acquire_n(6).unwrap();
    assert!(limiter.try_acquire_n(5).is_err());
    assert!(limiter.acquire_n(4).is_ok() && limiter.acquire().is_err());
    assert_eq!(limiter.snapshot().available, 0);
}

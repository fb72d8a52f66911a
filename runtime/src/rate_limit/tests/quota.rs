//! Single decisions, at the edges of what numbers hold.

use crate::{
    error::ConfigError,
    rate_limit::{
        Rate, RateLimiter,
        state::{Grant, Quota, Refusal},
    },
    time::{Clock, ManualClock, Tick},
};
use proptest::prelude::*;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
const HOUR: Duration = Duration::from_secs(3600);

fn taken(limiter: &RateLimiter) -> usize {
    (0..10_000)
        .take_while(|_| limiter.try_acquire().is_ok())
        .count()
}

fn built(rate: Rate, burst: Option<u32>, clock: &ManualClock) -> Result<RateLimiter, ConfigError> {
    let builder = RateLimiter::builder("quota")
        .rate(rate)
        .clock(clock.clone());
    match burst {
        Some(burst) => builder.burst(burst),
        None => builder,
    }
    .build()
}

#[test]
fn one_call_in_a_century_is_granted_each_century() {
    let clock = ManualClock::new();
    let limiter = built(Rate::every(CENTURY), None, &clock).unwrap();
    for _ in 0..4 {
        assert_eq!(taken(&limiter), 1);
        let wait = limiter.try_acquire().unwrap_err().retry_after();
        assert_eq!(wait, Some(CENTURY));
        clock.advance(CENTURY - Duration::from_nanos(1));
        assert_eq!(taken(&limiter), 0);
        clock.advance(Duration::from_nanos(1));
    }
    // The fifth permit would be replaced after 600 years, beyond 64 bits of nanoseconds.
    assert_eq!(taken(&limiter), 1);
    assert_eq!(limiter.try_acquire().unwrap_err().retry_after(), None);
    clock.advance(3 * CENTURY);
    assert_eq!(clock.now(), Tick::MAX);
    assert_eq!(taken(&limiter), 0, "nothing is granted that cannot be paid");
    assert_eq!(limiter.try_acquire().unwrap_err().retry_after(), None);
}

#[test]
fn a_call_each_nanosecond_is_granted_each_nanosecond() {
    let clock = ManualClock::new();
    let limiter = built(Rate::per_second(1_000_000_000), Some(3), &clock).unwrap();
    assert_eq!(taken(&limiter), 3);
    for nanos in [1, 2, 3, 4, 1_000_000] {
        clock.advance(Duration::from_nanos(nanos));
        assert_eq!(taken(&limiter), nanos.min(3) as usize);
    }
    let whole = built(Rate::per_second(u32::MAX), None, &clock).unwrap_err();
    assert_eq!(
        whole.to_string(),
        "`rate` = 4294967295/s: must be at most 1 call in each nanosecond"
    );
}

#[test]
fn burst_that_takes_more_than_292_years_is_refused() {
    let clock = ManualClock::new();
    let err = built(Rate::every(CENTURY), Some(3), &clock).unwrap_err();
    assert_eq!((err.field(), err.value()), ("burst", "3"));
    assert!(built(Rate::every(CENTURY), Some(2), &clock).is_ok());
    assert!(built(Rate::per_second(1), Some(u32::MAX), &clock).is_ok());
}

#[test]
fn weight_beyond_what_numbers_hold_is_refused_for_good() {
    let clock = ManualClock::new();
    let limiter = built(Rate::every(CENTURY), Some(2), &clock).unwrap();
    let rejection = limiter.reserve(u32::MAX, Duration::MAX).unwrap_err();
    assert_eq!(rejection.retry_after(), None);
    assert_eq!(taken(&limiter), 2, "it took nothing");
}

#[test]
fn clock_that_jumps_or_stands_still_never_grants_more_than_a_burst() {
    let clock = ManualClock::new();
    let limiter = built(Rate::per_second(10), None, &clock).unwrap();
    for hours in [0, 0, 1, 5, 10_000, 0, 0, 1] {
        clock.advance(HOUR * hours);
        let expected = if hours == 0 { 0 } else { 10 };
        // Full at first.
        let expected = if clock.now() == Tick::ZERO && limiter.snapshot().admitted == 0 {
            10
        } else {
            expected
        };
        assert_eq!(taken(&limiter), expected);
    }
}

/// A clock that can go back, as tokio's does from a runtime with paused time to another one.
#[derive(Clone, Debug, Default)]
struct AnyClock(Arc<AtomicU64>);

impl Clock for AnyClock {
    fn now(&self) -> Tick {
        Tick::from_nanos(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, _: Duration) {}
}

#[test]
fn clock_that_goes_back_leaves_a_full_limiter_and_not_a_closed_one() {
    let clock = AnyClock::default();
    let set = |seconds: u64| clock.0.store(seconds * 1_000_000_000, Ordering::SeqCst);
    let builder = RateLimiter::builder("back")
        .rate("10/s")
        .clock(clock.clone());
    let limiter = builder.build().unwrap();
    set(10_000);
    assert_eq!(taken(&limiter), 10);
    set(5);
    assert_eq!(
        taken(&limiter),
        10,
        "a burst, not 9,995 seconds without a call"
    );
    assert_eq!(taken(&limiter), 0);
    // A reservation lies ahead, and is no reason to think so.
    let ahead = limiter
        .reserve(100, Duration::from_secs(60))
        .unwrap()
        .commit();
    assert_eq!(ahead, Duration::from_secs(10));
    assert_eq!(taken(&limiter), 0);
    set(8);
    assert_eq!(taken(&limiter), 0);
    set(6);
    assert_eq!(
        taken(&limiter),
        0,
        "no further ahead than it was: nothing shows that time went back"
    );
    set(0);
    assert!(limiter.try_acquire().is_ok());
}

#[test]
fn one_check_reads_the_clock_once() {
    #[derive(Debug, Default)]
    struct Counting(AtomicU64);
    impl Clock for Counting {
        fn now(&self) -> Tick {
            self.0.fetch_add(1, Ordering::SeqCst);
            Tick::from_nanos(5)
        }
        fn sleep(&self, _: Duration) {}
    }
    #[derive(Clone, Debug)]
    struct Shared(Arc<Counting>);
    impl Clock for Shared {
        fn now(&self) -> Tick {
            self.0.now()
        }
        fn sleep(&self, _: Duration) {}
    }
    let counting = Shared(Arc::default());
    let builder = RateLimiter::builder("readings")
        .rate("2/h")
        .clock(counting.clone());
    let limiter = builder.build().unwrap();
    let readings = || counting.0.0.swap(0, Ordering::SeqCst);
    readings();
    for is_admitted in [true, true, false, false] {
        assert_eq!(
            limiter.call(|| Ok::<_, crate::AppError>(())).is_ok(),
            is_admitted
        );
        assert_eq!(readings(), 1);
        assert!(limiter.try_acquire_n(9).is_err());
        assert_eq!(readings(), 1);
    }
}

proptest! {
    /// Over the whole range of numbers: nothing overflows, and the time of a refusal is exact.
    #[test]
    fn time_of_a_refusal_is_exact_to_the_nanosecond(
        interval in prop_oneof![1..10u64, 1..=u64::MAX / 2],
        burst in prop_oneof![1..10u32, any::<u32>()],
        arrival: u64,
        now: u64,
        weight in prop_oneof![1..20u32, any::<u32>()],
        longest in prop_oneof![Just(0), any::<u64>()],
    ) {
        let window = interval.saturating_mul(u64::from(burst.max(1)));
        prop_assume!(window <= u64::MAX / 2);
        let quota = Quota { interval, window };
        match quota.decide_at(arrival, now, weight, longest) {
            Ok(Grant { arrival: next, cost, wait }) => {
                prop_assert_eq!(next, arrival.max(now) + cost);
                prop_assert!(wait <= longest);
                prop_assert!(next - now <= window.saturating_add(wait));
            }
            Err(Refusal { retry_after: Some(after) }) => {
                prop_assert!(after > 0);
                if let Some(then) = now.checked_add(after) {
                    let is_granted = |at| quota.decide_at(arrival, at, weight, longest).is_ok();
                    prop_assert!(!is_granted(then - 1));
                    prop_assert!(is_granted(then) || u128::from(then) + u128::from(interval) * u128::from(weight) > u128::from(u64::MAX));
                }
            }
            Err(Refusal { retry_after: None }) => {
                let never = |at| quota.decide_at(arrival, at, weight, longest).is_err();
                prop_assert!(never(now) && never(now.max(arrival)) && never(u64::MAX));
            }
        }
    }

    /// A change of the rate keeps the number of permits that are missing, up to a part of one, and
    /// never forgives any.
    #[test]
    fn change_of_rate_keeps_the_missing_permits(
        old in 1..1_000_000_000u64,
        new in 1..1_000_000_000u64,
        missing in 0..1000u64,
        now in 1..1_000_000_000_000u64,
    ) {
        let quota = |interval| Quota { interval, window: interval * 1000 };
        let (from, to) = (quota(old), quota(new));
        let arrival = now + missing * old;
        let before = from.available_at(arrival, now);
        let converted = to.converted_at(from, arrival, now, 0);
        let after = to.available_at(converted, now);
        prop_assert!(after <= before && before - after <= 1, "{before} {after}");
        prop_assert!(old == new || converted != arrival, "a check beside the change has to see it");
    }
}

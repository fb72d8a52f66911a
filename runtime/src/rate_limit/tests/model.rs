//! Random histories of a limiter beside a slow and obvious model: a list of tokens.

use crate::{
    rate_limit::{Rate, RateLimiter, Reservation},
    time::{Clock, ManualClock},
};
use proptest::prelude::*;
use std::time::Duration;

/// The tokens of a limiter: for each the time at which it is there. A token that is taken is
/// replaced behind all others, one interval after the last one or after the present.
#[derive(Clone, Debug, PartialEq)]
struct Tokens {
    there_at: Vec<u64>,
    interval: u64,
}

impl Tokens {
    fn new(interval: u64, burst: u32) -> Self {
        Self {
            there_at: vec![0; burst as usize],
            interval,
        }
    }

    /// Takes tokens one by one, and returns when the last one of them is there, unless that is too
    /// late.
    fn take(&mut self, now: u64, weight: u32, longest_wait: u64) -> Option<u64> {
        let before = self.clone();
        let mut ready = now;
        for _ in 0..weight {
            let last = *self.there_at.last().unwrap();
            ready = ready.max(self.there_at.remove(0));
            self.there_at.push(last.max(now) + self.interval);
        }
        if ready - now > longest_wait {
            *self = before;
            return None;
        }
        Some(ready)
    }

    /// Returns the first time from `now` on at which a request is granted, by trying.
    fn first_granted(&self, now: u64, weight: u32, longest_wait: u64) -> Option<u64> {
        let is_granted = |at: u64| self.clone().take(at, weight, longest_wait).is_some();
        let (mut refused, mut granted) = (now, now + (1 << 50));
        if !is_granted(granted) {
            return None;
        }
        while granted - refused > 1 {
            let middle = refused + (granted - refused) / 2;
            if is_granted(middle) {
                granted = middle;
            } else {
                refused = middle;
            }
        }
        Some(granted)
    }

    /// Returns when all tokens are there again.
    fn arrival(&self) -> u64 {
        *self.there_at.last().unwrap()
    }

    /// Gives back the tokens of the latest request: they are there one interval apart, up to the
    /// time at which all were before it.
    fn give_back(&mut self, weight: u32) {
        let arrival = self.arrival() - u64::from(weight) * self.interval;
        for (place, there_at) in (0..).zip(self.there_at.iter_mut().rev()) {
            *there_at = arrival.saturating_sub(place * self.interval);
        }
    }

    fn drain(&mut self, now: u64) -> u32 {
        let mut drained = 0;
        for (place, there_at) in (1..).zip(&mut self.there_at) {
            drained += u32::from(*there_at <= now);
            *there_at = (*there_at).max(now + place * self.interval);
        }
        drained
    }

    fn available(&self, now: u64) -> u32 {
        self.there_at.iter().filter(|at| **at <= now).count() as u32
    }
}

/// A reservation that is held.
struct Held {
    reservation: Reservation,
    weight: u32,
    /// The arrival of the model after it.
    arrival: u64,
    ready: u64,
}

#[derive(Clone, Debug)]
enum Step {
    Advance(u64),
    TryAcquire(u32),
    Reserve(u32, u64),
    Cancel(usize),
    DropOne(usize),
    Commit(usize),
    Drain,
}

fn step(interval: u64) -> impl Strategy<Value = Step> {
    let time = prop_oneof![0..3u64, 0..3 * interval, Just(interval), 0..40 * interval];
    prop_oneof![
        4 => time.clone().prop_map(Step::Advance),
        6 => (0..6u32).prop_map(Step::TryAcquire),
        3 => (0..12u32, time).prop_map(|(weight, wait)| Step::Reserve(weight, wait)),
        1 => (0..4usize).prop_map(Step::Cancel),
        1 => (0..4usize).prop_map(Step::DropOne),
        1 => (0..4usize).prop_map(Step::Commit),
        1 => Just(Step::Drain),
    ]
}

fn history() -> impl Strategy<Value = (u64, u32, Vec<Step>)> {
    (prop_oneof![1..5u64, 1..2_000_000_000u64], 1..6u32).prop_flat_map(|(interval, burst)| {
        let steps = prop::collection::vec(step(interval), 1..120);
        (Just(interval), Just(burst), steps)
    })
}

/// Checks that in no time more weight was granted than the burst and what the rate brings.
fn check_windows(grants: &[(u64, u32)], interval: u64, burst: u32) -> Result<(), TestCaseError> {
    let mut grants = grants.to_vec();
    grants.sort_unstable();
    for (first, (start, _)) in grants.iter().enumerate() {
        let mut sum = 0;
        for (at, weight) in &grants[first..] {
            sum += u64::from(*weight);
            let most = u64::from(burst) + (at - start) / interval;
            prop_assert!(sum <= most, "{sum} from {start} to {at}, at most {most}");
        }
    }
    Ok(())
}

fn run(interval: u64, burst: u32, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let clock = ManualClock::new();
    // The limiter knows the time before the first request from the origin of its clock, the model
    // does not.
    clock.advance(Duration::from_nanos(1));
    let limiter = RateLimiter::builder("model")
        .rate(Rate::every(Duration::from_nanos(interval)))
        .burst(burst)
        .clock(clock.clone())
        .build()
        .unwrap();
    let mut tokens = Tokens::new(interval, burst);
    let mut held: Vec<Held> = Vec::new();
    for step in steps {
        let now = clock.now().as_nanos();
        match step {
            Step::Advance(nanos) => clock.advance(Duration::from_nanos(nanos)),
            Step::TryAcquire(weight) => {
                let granted = limiter.try_acquire_n(weight);
                let expected = tokens.take(now, weight, 0);
                prop_assert_eq!(granted.is_ok(), expected.is_some());
                match granted {
                    Ok(()) => {}
                    Err(rejection) => {
                        let exact = tokens.first_granted(now, weight, 0);
                        let exact = exact.map(|at| Duration::from_nanos(at - now));
                        prop_assert_eq!(rejection.retry_after(), exact);
                    }
                }
            }
            Step::Reserve(weight, wait) => {
                let expected = tokens.take(now, weight, wait);
                match limiter.reserve(weight, Duration::from_nanos(wait)) {
                    Ok(reservation) => {
                        let delay = reservation.delay().as_nanos() as u64;
                        prop_assert_eq!(Some(now + delay), expected);
                        held.push(Held {
                            reservation,
                            weight,
                            arrival: tokens.arrival(),
                            ready: now + delay,
                        });
                    }
                    Err(rejection) => {
                        prop_assert_eq!(expected, None);
                        let exact = tokens.first_granted(now, weight, wait);
                        let exact = exact.map(|at| Duration::from_nanos(at - now));
                        prop_assert_eq!(rejection.retry_after(), exact);
                    }
                }
            }
            Step::Cancel(at) | Step::DropOne(at) if at < held.len() => {
                let Held {
                    reservation,
                    weight,
                    arrival,
                    ready,
                } = held.remove(at);
                let is_latest = tokens.arrival() == arrival;
                let is_drop = matches!(step, Step::DropOne(_));
                if is_drop {
                    drop(reservation);
                } else {
                    prop_assert_eq!(reservation.cancel(), is_latest);
                }
                if is_latest && !(is_drop && ready <= now) {
                    tokens.give_back(weight);
                }
            }
            Step::Commit(at) if at < held.len() => {
                let Held {
                    reservation, ready, ..
                } = held.remove(at);
                let left = Duration::from_nanos(ready.saturating_sub(now));
                prop_assert_eq!(reservation.commit(), left);
            }
            Step::Drain => prop_assert_eq!(limiter.drain(), tokens.drain(now)),
            Step::Cancel(_) | Step::DropOne(_) | Step::Commit(_) => {}
        }
        let now = clock.now().as_nanos();
        let snapshot = limiter.snapshot();
        prop_assert_eq!(snapshot.available, tokens.available(now));
        let next = tokens.there_at[0].saturating_sub(now);
        prop_assert_eq!(snapshot.next_permit, Duration::from_nanos(next));
        prop_assert_eq!(
            limiter.is_idle_at(clock.now()),
            snapshot.waiting == 0 && tokens.there_at.iter().all(|at| *at <= now)
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn limiter_does_what_the_list_of_tokens_does((interval, burst, steps) in history()) {
        run(interval, burst, steps)?;
    }

    /// Without what takes permits back, and with no request above the burst: those are granted as
    /// one, after the time in which they have come.
    #[test]
    fn no_window_has_more_than_the_burst_and_the_rate(
        interval in 1..1000u64,
        burst in 1..20u32,
        requests in prop::collection::vec((0..2000u64, 1..20u32, 0..3000u64), 1..200),
    ) {
        let clock = ManualClock::new();
        let limiter = RateLimiter::builder("windows")
            .rate(Rate::every(Duration::from_nanos(interval)))
            .burst(burst)
            .clock(clock.clone())
            .build()
            .unwrap();
        let mut grants = Vec::new();
        for (advance, weight, wait) in requests {
            let weight = weight.min(burst);
            if let Ok(reservation) = limiter.reserve(weight, Duration::from_nanos(wait)) {
                let delay = reservation.commit();
                grants.push((clock.now().after(delay).as_nanos(), weight));
            }
            clock.advance(Duration::from_nanos(advance));
        }
        check_windows(&grants, interval, burst)?;
    }
}

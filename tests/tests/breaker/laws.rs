//! Properties of every configuration and every history.

use crate::support::{SECOND, bench};
use gardefou::breaker::{BreakerBuilder, CircuitState::*, Permit};
use proptest::prelude::*;
use std::time::Duration;

/// Something that happens to a breaker.
#[derive(Clone, Debug)]
enum Step {
    Acquire,
    /// Ends the n-th running call.
    Succeed(usize),
    Fail(usize),
    Ignore(usize),
    Drop(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Acquire),
        2 => any::<usize>().prop_map(Step::Succeed),
        3 => any::<usize>().prop_map(Step::Fail),
        1 => any::<usize>().prop_map(Step::Ignore),
        1 => any::<usize>().prop_map(Step::Drop),
        2 => prop_oneof![0_u64..2_000, 0_u64..200_000].prop_map(Step::Wait),
    ]
}

#[derive(Clone, Debug)]
struct Setting {
    threshold: u32,
    slots: u32,
    successes: u32,
    window: u8,
    slow: bool,
    backoff: bool,
}

fn setting() -> impl Strategy<Value = Setting> {
    (
        1_u32..5,
        1_u32..4,
        1_u32..4,
        0_u8..3,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(threshold, slots, successes, window, slow, backoff)| Setting {
                threshold,
                slots,
                successes,
                window,
                slow,
                backoff,
            },
        )
}

impl Setting {
    fn apply(&self, b: BreakerBuilder) -> BreakerBuilder {
        let b = b
            .failure_threshold(self.threshold)
            .success_threshold(self.successes);
        // Set together, fewer slots than successes are refused.
        let b = if self.slots >= self.successes {
            b.half_open_max_calls(self.slots)
        } else {
            b
        };
        let b = b
            .half_open_timeout(20 * SECOND)
            .max_recovery_timeout(Duration::from_secs(300));
        let b = match self.window {
            0 => b,
            1 => b.count_window(7).min_calls(3),
            _ => b.time_window(30 * SECOND).min_calls(3),
        };
        let b = if self.slow {
            b.slow_call(2 * SECOND)
        } else {
            b
        };
        if self.backoff {
            b.recovery_backoff(2.0).recovery_jitter(0.5)
        } else {
            b
        }
    }
}

/// The number of cases from the environment (`PROPTEST_CASES`), or enough to find a failure.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() {
        default.cases
    } else {
        300
    };
    ProptestConfig { cases, ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn never_more_probes_at_once_than_there_are_slots(setting in setting(), steps in prop::collection::vec(step(), 1..200)) {
        let svc = bench(|b| setting.apply(b));
        // The generation in which each running call was admitted.
        let mut running: Vec<(Permit, u64)> = Vec::new();
        for step in steps {
            let take = |running: &mut Vec<(Permit, u64)>, n: usize| {
                (!running.is_empty()).then(|| running.swap_remove(n % running.len()).0)
            };
            match step {
                Step::Acquire => if let Ok(permit) = svc.breaker.try_acquire() {
                    running.push((permit, svc.breaker.snapshot().generation));
                },
                Step::Succeed(n) => take(&mut running, n).into_iter().for_each(Permit::success),
                Step::Fail(n) => take(&mut running, n).into_iter().for_each(Permit::failure),
                Step::Ignore(n) => take(&mut running, n).into_iter().for_each(Permit::ignore),
                Step::Drop(n) => drop(take(&mut running, n)),
                Step::Wait(millis) => svc.pass(Duration::from_millis(millis)),
            }
            let seen = svc.breaker.snapshot();
            let probes = running.iter().filter(|(_, generation)| *generation == seen.generation).count();
            if seen.state == HalfOpen {
                let slots = seen.config.half_open_max_calls;
                prop_assert!(probes <= slots as usize, "{probes} probes in {slots} slots");
            }
        }
    }

    #[test]
    fn every_state_is_left_in_bounded_time_when_calls_arrive(setting in setting(), steps in prop::collection::vec(step(), 1..100)) {
        let svc = bench(|b| setting.apply(b));
        let mut hung = Vec::new();
        for step in steps {
            match step {
                Step::Acquire => hung.extend(svc.breaker.try_acquire()),
                Step::Fail(_) => { svc.breaker.try_acquire().map(Permit::failure).ok(); },
                Step::Wait(millis) => svc.pass(Duration::from_millis(millis)),
                _ => {}
            }
        }
        // After any history, successful calls close the circuit within the longest open time, the
        // half-open time, and as many calls as must succeed.
        let mut waited = Duration::ZERO;
        while svc.state() != Closed {
            svc.breaker.try_acquire().map(Permit::success).ok();
            svc.pass(SECOND);
            waited += SECOND;
            prop_assert!(waited <= 2 * (Duration::from_secs(300) + 20 * SECOND), "still {} after {waited:?}", svc.state());
        }
    }

    #[test]
    fn stale_verdict_changes_nothing(setting in setting(), ends in prop::collection::vec(0_u8..4, 1..8)) {
        let svc = bench(|b| setting.apply(b));
        let stale: Vec<Permit> = ends.iter().map(|_| svc.breaker.try_acquire().unwrap()).collect();
        svc.breaker.force_open();
        svc.breaker.half_open().unwrap();
        let probe = svc.breaker.try_acquire().unwrap();
        for (permit, end) in stale.into_iter().zip(ends) {
            let before = svc.breaker.snapshot();
            match end {
                0 => permit.success(),
                1 => permit.failure(),
                2 => permit.ignore(),
                _ => drop(permit),
            }
            prop_assert_eq!(&svc.breaker.snapshot(), &before);
            svc.pass(Duration::from_millis(1));
        }
        probe.failure();
        prop_assert_eq!(svc.state(), Open, "the probe's own verdict still counts");
    }

    #[test]
    fn rates_are_fractions_and_unknown_below_the_minimum(setting in setting(), steps in prop::collection::vec(step(), 1..200)) {
        let svc = bench(|b| setting.apply(b));
        let mut running = Vec::new();
        for step in steps {
            match step {
                Step::Acquire => running.extend(svc.breaker.try_acquire()),
                Step::Succeed(_) => running.pop().into_iter().for_each(Permit::success),
                Step::Fail(_) => running.pop().into_iter().for_each(Permit::failure),
                Step::Ignore(_) => running.pop().into_iter().for_each(Permit::ignore),
                Step::Drop(_) => drop(running.pop()),
                Step::Wait(millis) => svc.pass(Duration::from_millis(millis)),
            }
            let seen = svc.breaker.snapshot();
            let is_known = seen.config.window.is_some() && seen.window_calls >= u64::from(seen.config.min_calls);
            prop_assert_eq!(seen.failure_rate.is_some(), is_known);
            for rate in [seen.failure_rate, seen.slow_rate].into_iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&rate), "{rate}");
            }
        }
    }
}

//! Decisions of a series compared with a slow model, and single decisions.

use crate::{
    event::StopReason,
    retry::{
        backoff::Backoff,
        config::RetryConfig,
        jitter::Jitter,
        state::{Decision, Failure, SeriesState},
    },
    rng::Rng,
    time::Tick,
};
use proptest::prelude::*;
use std::{num::NonZeroU32, time::Duration};

const SECOND: Duration = Duration::from_secs(1);

fn begin(now: Option<Tick>) -> SeriesState {
    SeriesState::resume(now.unwrap_or(Tick::MAX), 0)
}

/// The same decisions, recomputed from the whole history each time.
struct Model {
    config: RetryConfig,
    /// When the first attempt began.
    began: u64,
    /// Every failure so far, with the time at which it was known.
    history: Vec<(u64, Failure)>,
}

impl Model {
    /// Returns where between its ends the jitter puts this delay.
    fn fraction(&self) -> f64 {
        match self.config.backoff.jitter {
            Jitter::None => 0.0,
            _ => {
                let mut rng = Rng::seeded(self.config.backoff.seed.unwrap());
                let fractions = std::iter::repeat_with(|| rng.next_fraction());
                fractions.take(self.history.len()).last().unwrap()
            }
        }
    }

    fn decide(&self) -> Decision {
        let &(now, failure) = self.history.last().unwrap();
        if let Some(reason) = failure.hopeless {
            return Decision::Stop(reason);
        }
        if self.history.len() as u64 == u64::from(self.config.max_attempts.get()) {
            return Decision::Stop(StopReason::Exhausted);
        }
        let own = self
            .config
            .backoff
            .delays()
            .nth(self.history.len() - 1)
            .unwrap();
        let longest = self.config.backoff.max_delay.unwrap();
        if failure.retry_after.is_some_and(|wait| wait > longest) {
            return Decision::Stop(StopReason::RetryAfter);
        }
        let own = failure
            .own_delay
            .map_or(own, |computed| computed.min(longest));
        let asked = failure.retry_after.unwrap_or_default();
        let elapsed = Duration::from_nanos(now - self.began);
        let left = self
            .config
            .max_elapsed
            .map(|limit| limit.checked_sub(elapsed));
        let Some(left) = left.unwrap_or(Some(Duration::MAX)) else {
            return Decision::Stop(StopReason::Deadline);
        };
        if own > left || asked > left {
            return Decision::Stop(StopReason::Deadline);
        }
        // A tenth on top, which gives way to each limit.
        let longest_wait = asked.mul_f64(1.1).min(longest);
        let spread = asked + longest_wait.saturating_sub(asked).mul_f64(self.fraction());
        Decision::Retry(own.max(spread.min(left)))
    }
}

fn any_config() -> impl Strategy<Value = RetryConfig> {
    let ms = Duration::from_millis;
    let backoff = (0..4u8, 0..2000u64, 0..5000u64, 0..3u8, any::<u64>());
    (1..12u32, backoff, prop::option::of(1..20_000u64)).prop_map(
        move |(attempts, backoff, limit)| {
            let (kind, initial, cap, jitter, seed) = backoff;
            let make = [
                Backoff::constant,
                Backoff::linear,
                Backoff::exponential,
                Backoff::decorrelated,
            ][usize::from(kind)];
            let jitter = [Jitter::None, Jitter::Full, Jitter::PlusMinus(0.2)][usize::from(jitter)];
            RetryConfig {
                max_attempts: NonZeroU32::new(attempts).unwrap(),
                backoff: make(ms(initial))
                    .max_delay(ms(cap))
                    .jitter(jitter)
                    .seed(seed),
                max_elapsed: limit.map(ms),
                attempt_timeout: None,
                timed: false,
            }
        },
    )
}

/// How long an attempt took, in ms, and how it failed.
fn any_failure() -> impl Strategy<Value = (u64, Failure)> {
    let hopeless = prop_oneof![
        12 => Just(None),
        1 => Just(Some(StopReason::Permanent)),
        1 => Just(Some(StopReason::Rejected)),
        1 => Just(Some(StopReason::Refused)),
    ];
    let wait = prop_oneof![3 => Just(None), 1 => (0..6000u64).prop_map(|ms| Some(Duration::from_millis(ms)))];
    let computed = prop_oneof![3 => Just(None), 1 => (0..6000u64).prop_map(|ms| Some(Duration::from_millis(ms)))];
    (0..3000u64, hopeless, computed, wait).prop_map(|(took, hopeless, own_delay, retry_after)| {
        (
            took,
            Failure {
                hopeless,
                own_delay,
                retry_after,
                remaining: None,
            },
        )
    })
}

proptest! {
    #[test]
    fn series_decides_as_the_slow_model_does(
        config in any_config(),
        script in prop::collection::vec(any_failure(), 12),
        origin in 0..u64::MAX / 2,
    ) {
        let mut now = Tick::from_nanos(origin);
        let mut state = begin(config.max_elapsed.is_some().then_some(now));
        let mut model = Model { config: config.clone(), began: origin, history: Vec::new() };
        for (took, failure) in script {
            now = now.after(Duration::from_millis(took));
            model.history.push((now.as_nanos(), failure));
            let decision = state.after_failure_at(&config, failure, now);
            match (decision, model.decide()) {
                // By another arithmetic, so up to a rounding.
                (Decision::Retry(delay), Decision::Retry(expected)) => {
                    prop_assert!(delay.abs_diff(expected) <= Duration::from_nanos(2), "{delay:?} {expected:?}");
                }
                (decision, expected) => prop_assert_eq!(decision, expected),
            }
            prop_assert_eq!(state.failed() as usize, model.history.len());
            // As a run keeps it until the next failure.
            state = SeriesState::resume(state.began(), state.note());
            match decision {
                Decision::Retry(delay) => now = now.after(delay),
                Decision::Stop(_) => return Ok(()),
            }
            if let Some(limit) = config.max_elapsed {
                prop_assert!(now.since(Tick::from_nanos(origin)) <= limit, "slept past the deadline");
            }
        }
        prop_assert!(false, "at most eleven attempts, and no stop after twelve failures");
    }
}

const FAILED: Failure = Failure {
    hopeless: None,
    own_delay: None,
    retry_after: None,
    remaining: None,
};

fn fixed(max_elapsed: Option<Duration>) -> RetryConfig {
    let backoff = Backoff::exponential(SECOND).jitter(Jitter::None);
    RetryConfig {
        backoff,
        max_elapsed,
        ..RetryConfig::default()
    }
}

#[test]
fn defaults_wait_three_times_and_stop() {
    let config = RetryConfig::default();
    let mut state = begin(None);
    let mut waited = Duration::ZERO;
    for expected in [500, 1000, 2000] {
        let Decision::Retry(delay) = state.after_failure_at(&config, FAILED, Tick::ZERO) else {
            panic!("stopped")
        };
        assert!(delay <= Duration::from_millis(expected), "{delay:?}");
        waited += delay;
    }
    assert!(
        waited <= Duration::from_millis(3500),
        "the total that the documentation promises"
    );
    assert_eq!(
        state.after_failure_at(&config, FAILED, Tick::ZERO),
        Decision::Stop(StopReason::Exhausted)
    );
}

#[test]
fn wait_may_end_at_the_deadline_but_not_after_it() {
    let config = fixed(Some(SECOND * 3));
    let at = |nanos| Tick::from_nanos(nanos);
    let mut state = begin(Some(at(0)));
    assert_eq!(
        state.after_failure_at(&config, FAILED, at(0)),
        Decision::Retry(SECOND)
    );
    assert_eq!(
        state
            .clone()
            .after_failure_at(&config, FAILED, at(1_000_000_000)),
        Decision::Retry(SECOND * 2)
    );
    assert_eq!(
        state.after_failure_at(&config, FAILED, at(1_000_000_001)),
        Decision::Stop(StopReason::Deadline)
    );
}

#[test]
fn time_of_the_first_attempt_counts_too() {
    let config = fixed(Some(SECOND * 3));
    let mut state = begin(Some(Tick::ZERO));
    let late = Tick::ZERO.after(SECOND * 5 / 2);
    assert_eq!(
        state.after_failure_at(&config, FAILED, late),
        Decision::Stop(StopReason::Deadline)
    );
}

#[test]
fn retry_after_is_a_lower_bound_and_ends_the_series_above_the_cap() {
    let config = fixed(None);
    let rate_limited = |wait| Failure {
        retry_after: Some(wait),
        ..FAILED
    };
    let first = |failure| begin(None).after_failure_at(&config, failure, Tick::ZERO);
    assert_eq!(first(rate_limited(SECOND * 7)), Decision::Retry(SECOND * 7));
    assert_eq!(first(rate_limited(SECOND / 2)), Decision::Retry(SECOND));
    assert_eq!(
        first(rate_limited(SECOND * 60)),
        Decision::Retry(SECOND * 60)
    );
    assert_eq!(
        first(rate_limited(SECOND * 61)),
        Decision::Stop(StopReason::RetryAfter)
    );
}

#[test]
fn count_of_attempts_does_not_wrap() {
    let config = RetryConfig {
        max_attempts: NonZeroU32::MAX,
        ..RetryConfig::default()
    };
    let mut state = SeriesState::resume(Tick::MAX, u64::from(u32::MAX) << 32);
    assert_eq!(
        state.after_failure_at(&config, FAILED, Tick::ZERO),
        Decision::Stop(StopReason::Exhausted)
    );
    assert_eq!(state.failed(), u32::MAX);
}

#[test]
fn series_state_is_two_words() {
    assert_eq!(size_of::<SeriesState>(), 16);
}

#[test]
fn no_attempt_starts_after_the_deadline_of_the_call() {
    let backoff = Backoff::constant(Duration::from_secs(2)).jitter(Jitter::None);
    let config = RetryConfig {
        backoff,
        ..RetryConfig::default()
    };
    let after = |left| {
        let failure = Failure {
            remaining: Some(Duration::from_secs(left)),
            ..FAILED
        };
        begin(None).after_failure_at(&config, failure, Tick::ZERO)
    };
    assert_eq!(after(1), Decision::Stop(StopReason::Deadline));
    assert!(matches!(after(2), Decision::Retry(_)));
    assert_eq!(after(0), Decision::Stop(StopReason::Deadline));
}

use super::*;
use crate::retry::{Backoff, Jitter};
use proptest::prelude::*;
use std::num::NonZeroU32;

const SECOND: Duration = Duration::from_secs(1);

fn begin(now: Option<Tick>) -> Step {
    Step::resume(now.unwrap_or(Tick::MAX), 0)
}

/// The same decisions, made slowly: from the whole history each time, with nothing carried along.
struct Model {
    config: RetryConfig,
    /// When the first attempt began.
    began: u64,
    /// Every failure so far, with the time at which it was known.
    history: Vec<(u64, Failure)>,
}

impl Model {
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
        if failure.retry_after.is_some_and(|asked| asked > longest) {
            return Decision::Stop(StopReason::RetryAfter);
        }
        let own = failure
            .own_delay
            .map_or(own, |computed| computed.min(longest));
        let wait = [Some(own), failure.retry_after]
            .into_iter()
            .flatten()
            .max()
            .unwrap();
        let until = u128::from(now) + wait.as_nanos();
        match self.config.max_elapsed {
            Some(limit) if until > u128::from(self.began) + limit.as_nanos() => {
                Decision::Stop(StopReason::Deadline)
            }
            _ => Decision::Retry(wait),
        }
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
    let asked = prop_oneof![3 => Just(None), 1 => (0..6000u64).prop_map(|ms| Some(Duration::from_millis(ms)))];
    let computed = prop_oneof![3 => Just(None), 1 => (0..6000u64).prop_map(|ms| Some(Duration::from_millis(ms)))];
    (0..3000u64, hopeless, computed, asked).prop_map(|(took, hopeless, own_delay, retry_after)| {
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
    fn the_step_decides_as_the_slow_model_does(
        config in any_config(),
        script in prop::collection::vec(any_failure(), 12),
        origin in 0..u64::MAX / 2,
    ) {
        let mut now = Tick::from_nanos(origin);
        let mut step = begin(config.max_elapsed.is_some().then_some(now));
        let mut model = Model { config: config.clone(), began: origin, history: Vec::new() };
        for (took, failure) in script {
            now = now.after(Duration::from_millis(took));
            model.history.push((now.as_nanos(), failure));
            let decision = step.after_failure_at(&config, failure, now);
            prop_assert_eq!(decision, model.decide());
            prop_assert_eq!(step.failed() as usize, model.history.len());
            // As a run keeps it until the next failure.
            step = Step::resume(step.began(), step.note());
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
fn the_defaults_wait_three_times_and_stop() {
    let config = RetryConfig::default();
    let mut step = begin(None);
    let mut waited = Duration::ZERO;
    for expected in [500, 1000, 2000] {
        let Decision::Retry(delay) = step.after_failure_at(&config, FAILED, Tick::ZERO) else {
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
        step.after_failure_at(&config, FAILED, Tick::ZERO),
        Decision::Stop(StopReason::Exhausted)
    );
}

#[test]
fn a_wait_that_ends_at_the_deadline_is_begun_and_a_longer_one_is_not() {
    let config = fixed(Some(SECOND * 3));
    let at = |nanos| Tick::from_nanos(nanos);
    let mut step = begin(Some(at(0)));
    assert_eq!(
        step.after_failure_at(&config, FAILED, at(0)),
        Decision::Retry(SECOND)
    );
    assert_eq!(
        step.clone()
            .after_failure_at(&config, FAILED, at(1_000_000_000)),
        Decision::Retry(SECOND * 2)
    );
    assert_eq!(
        step.after_failure_at(&config, FAILED, at(1_000_000_001)),
        Decision::Stop(StopReason::Deadline)
    );
}

#[test]
fn the_time_of_the_first_attempt_counts_too() {
    let config = fixed(Some(SECOND * 3));
    let mut step = begin(Some(Tick::ZERO));
    let late = Tick::ZERO.after(SECOND * 5 / 2);
    assert_eq!(
        step.after_failure_at(&config, FAILED, late),
        Decision::Stop(StopReason::Deadline)
    );
}

#[test]
fn a_callee_that_asks_for_time_gets_at_least_that_and_ends_the_series_if_it_asks_for_too_much() {
    let config = fixed(None);
    let asks = |wait| Failure {
        retry_after: Some(wait),
        ..FAILED
    };
    let first = |failure| begin(None).after_failure_at(&config, failure, Tick::ZERO);
    assert_eq!(first(asks(SECOND * 7)), Decision::Retry(SECOND * 7));
    assert_eq!(first(asks(SECOND / 2)), Decision::Retry(SECOND));
    assert_eq!(first(asks(SECOND * 60)), Decision::Retry(SECOND * 60));
    assert_eq!(
        first(asks(SECOND * 61)),
        Decision::Stop(StopReason::RetryAfter)
    );
}

#[test]
fn the_count_of_attempts_does_not_wrap() {
    let config = RetryConfig {
        max_attempts: NonZeroU32::MAX,
        ..RetryConfig::default()
    };
    let mut step = Step {
        failed: u32::MAX,
        ..begin(None)
    };
    assert_eq!(
        step.after_failure_at(&config, FAILED, Tick::ZERO),
        Decision::Stop(StopReason::Exhausted)
    );
    assert_eq!(step.failed(), u32::MAX);
}

#[test]
fn a_series_is_small_enough_to_live_in_every_future() {
    assert_eq!(size_of::<Step>(), 16);
}

#[test]
fn no_attempt_starts_after_the_deadline_around_the_call() {
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

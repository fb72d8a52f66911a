//! Helpers: a clock that records each wait, and functions that follow a script.

use gardefou::{
    AppError, ErrorCode, Rejection,
    error::{Policy, Rejector},
    retry::{Backoff, Jitter, Retry, RetryBuilder},
    time::{Clock, ManualClock, Tick},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A manual clock that records the length of each sleep and the number of readings.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordingClock {
    clock: ManualClock,
    slept: Arc<Mutex<Vec<Duration>>>,
    reads: Arc<Mutex<usize>>,
}

impl RecordingClock {
    pub(crate) fn slept(&self) -> Vec<Duration> {
        self.slept.lock().unwrap().clone()
    }

    pub(crate) fn slept_seconds(&self) -> Vec<f64> {
        self.slept().iter().map(Duration::as_secs_f64).collect()
    }

    pub(crate) fn reads(&self) -> usize {
        *self.reads.lock().unwrap()
    }

    pub(crate) fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }
}

impl Clock for RecordingClock {
    fn now(&self) -> Tick {
        *self.reads.lock().unwrap() += 1;
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) {
        self.slept.lock().unwrap().push(duration);
        self.clock.sleep(duration);
    }

    fn try_sleep_at_once(&self, duration: Duration) -> bool {
        self.sleep(duration);
        true
    }
}

/// Retries without a budget, with delays of 1, 2, 4, ... seconds on the clock.
pub(crate) fn doubling(clock: &RecordingClock) -> RetryBuilder {
    Retry::builder()
        .backoff(Backoff::exponential(SECOND).jitter(Jitter::None))
        .clock(clock.clone())
        .budget(false)
}

/// A function that returns the results of a script, call by call, and fails the test after the
/// last.
pub(crate) fn script<T, E>(
    outcomes: impl IntoIterator<Item = Result<T, E>>,
) -> impl FnMut() -> Result<T, E> {
    let mut outcomes = outcomes.into_iter();
    move || {
        outcomes
            .next()
            .expect("called more often than the script is long")
    }
}

pub(crate) fn failure(code: ErrorCode) -> AppError {
    AppError::new(code, "scripted")
}

#[derive(Debug)]
struct Named(&'static str);

impl Rejector for Named {
    fn name(&self) -> &str {
        self.0
    }
}

pub(crate) fn rejection(
    policy: Policy,
    code: ErrorCode,
    retry_after: Option<Duration>,
) -> Rejection {
    Rejection::new(policy, code, Arc::new(Named("scripted")), 0, retry_after)
}

pub(crate) fn circuit_open() -> Rejection {
    rejection(
        Policy::CircuitBreaker,
        ErrorCode::CIRCUIT_OPEN_ERROR,
        Some(SECOND * 5),
    )
}

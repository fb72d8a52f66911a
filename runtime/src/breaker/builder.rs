//! From what a user says to a breaker.

use super::{
    config::{BreakerConfig, Draft, check_name},
    control::ManualControl,
    handle::CircuitBreaker,
    shared::Shared,
};
use crate::{
    ConfigError,
    rng::Rng,
    time::{Clock, SharedClock},
};
use std::{fmt, panic::Location, time::Duration};

/// Describes a breaker. What is not set has the default that [`BreakerConfig`] lists.
///
/// # Examples
///
/// ```
/// use gardefou::breaker::CircuitBreaker;
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::builder("search")
///     .time_window(Duration::from_secs(30))
///     .failure_rate(0.3)
///     .min_calls(20)
///     .build()?;
/// assert_eq!(breaker.name(), "search");
///
/// let wrong = CircuitBreaker::builder("").failure_threshold(0).build().unwrap_err();
/// assert_eq!(wrong.to_string(), "`name` = \"\": must not be empty; `failure_threshold` = 0: must be at least 1");
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct BreakerBuilder {
    name: String,
    draft: Draft,
    clock: SharedClock,
    seed: Option<u64>,
    control: Option<ManualControl>,
    place: Place,
}

/// Where a breaker was declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// As an expansion wrote it.
    Text(&'static str),
    /// The call of a function.
    Caller(&'static Location<'static>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Caller(location) => write!(f, "{}:{}", location.file(), location.line()),
        }
    }
}

impl BreakerBuilder {
    #[track_caller]
    pub(super) fn new(name: String) -> Self {
        Self::of_draft(name, Draft::default())
    }

    #[track_caller]
    pub(super) fn of_draft(name: String, draft: Draft) -> Self {
        Self {
            name,
            draft,
            clock: SharedClock::default(),
            seed: None,
            control: None,
            place: Place::Caller(Location::caller()),
        }
    }

    /// Sets how many failures in a row open the circuit; 5 unless a window is set.
    pub fn failure_threshold(mut self, calls: u32) -> Self {
        self.draft.failure_threshold = Some(calls);
        self
    }

    /// Sets how long the circuit stays open before it lets probes through; 60 s by default.
    pub fn recovery_timeout(mut self, duration: Duration) -> Self {
        self.draft.recovery_timeout = Some(duration);
        self
    }

    /// Sets how many probes may run at once while the circuit is half-open; 2 by default.
    pub fn half_open_max_calls(mut self, calls: u32) -> Self {
        self.draft.half_open_max_calls = Some(calls);
        self
    }

    /// Sets how many probes must succeed to close the circuit; 1 by default.
    pub fn success_threshold(mut self, calls: u32) -> Self {
        self.draft.success_threshold = Some(calls);
        self
    }

    /// Sets by what the open time grows each time that recovery fails, until the circuit closes; 1 by default, up to 1000.
    pub fn recovery_backoff(mut self, factor: f64) -> Self {
        self.draft.recovery_backoff = Some(factor);
        self
    }

    /// Sets what the open time never exceeds, backoff and jitter included; one hour by default, or `recovery_timeout` where that is longer.
    pub fn max_recovery_timeout(mut self, duration: Duration) -> Self {
        self.draft.max_recovery_timeout = Some(duration);
        self
    }

    /// Sets how much of an open time, from 0 to 1, is at most added to it at random, so that many instances do not probe in step; 0 by default.
    pub fn recovery_jitter(mut self, fraction: f64) -> Self {
        self.draft.recovery_jitter = Some(fraction);
        self
    }

    /// Sets how long the circuit stays half-open at most before it opens again; `recovery_timeout` by default.
    pub fn half_open_timeout(mut self, duration: Duration) -> Self {
        self.draft.half_open_timeout = Some(duration);
        self
    }

    /// Sets that rates are taken over the last so many calls, from 1 to 1,000,000; by default no rate is looked at.
    pub fn count_window(mut self, calls: u32) -> Self {
        self.draft.count_window = Some(calls);
        self
    }

    /// Sets that rates are taken over the calls of the last while, at least 1 ms; it slides in ten steps.
    pub fn time_window(mut self, duration: Duration) -> Self {
        self.draft.time_window = Some(duration);
        self
    }

    /// Sets the share of failures in the window, above 0 and up to 1, at which the circuit opens; 0.5 where a window is set. Without a window it is taken over the last 100 calls.
    pub fn failure_rate(mut self, rate: f64) -> Self {
        self.draft.failure_rate = Some(rate);
        self
    }

    /// Sets how many calls the window must hold before its rates mean anything; 10 by default, or the whole count window where that is smaller.
    pub fn min_calls(mut self, calls: u32) -> Self {
        self.draft.min_calls = Some(calls);
        self
    }

    /// Sets the duration above which a call is slow, also while it still runs; off by default.
    pub fn slow_call(mut self, duration: Duration) -> Self {
        self.draft.slow_call = Some(duration);
        self
    }

    /// Sets the share of slow calls in the window, above 0 and up to 1, at which the circuit opens; 0.5 where `slow_call` is set.
    pub fn slow_rate(mut self, rate: f64) -> Self {
        self.draft.slow_rate = Some(rate);
        self
    }

    /// Sets how long an asynchronous call must have been pending for its drop to count as a failure; 1 s by default, and zero counts each.
    pub fn abandoned_after(mut self, duration: Duration) -> Self {
        self.draft.abandoned_after = Some(duration);
        self
    }

    /// Sets whether the breaker only counts and tells what it would have done, and never rejects.
    ///
    /// Calls that it lets through although it is open are counted, but do not decide.
    pub fn shadow(mut self, shadow: bool) -> Self {
        self.draft.shadow = shadow;
        self
    }

    /// Sets the clock; the system's by default.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = SharedClock::new(clock);
        self
    }

    /// Sets the seed of the jitter, so that the open times can be foretold; random by default.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Puts the breaker under a switch that it shares with others.
    pub fn control(mut self, control: &ManualControl) -> Self {
        self.control = Some(control.clone());
        self
    }

    /// Sets the place that a warning about a second, different declaration of the name shows, as `src/db.rs:12`; the
    /// place where the builder was made by default.
    pub fn declared_at(mut self, place: &'static str) -> Self {
        self.place = Place::Text(place);
        self
    }

    /// Makes a breaker of its own, which no registry knows.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every rule that the configuration breaks.
    pub fn build(self) -> Result<CircuitBreaker, ConfigError> {
        let config = self.resolve()?;
        Ok(self.build_resolved(config))
    }

    pub(super) fn build_resolved(self, config: BreakerConfig) -> CircuitBreaker {
        let rng = self.seed.map_or_else(Rng::from_entropy, Rng::seeded);
        let breaker = CircuitBreaker::of_shared(Shared::new(self.name.into(), config, self.clock, rng, self.place));
        if let Some(control) = &self.control {
            control.join(&breaker);
        }
        breaker
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn resolve(&self) -> Result<BreakerConfig, ConfigError> {
        let mut problems = Vec::new();
        check_name(&self.name, &mut problems);
        let config = self.draft.resolve(&mut problems);
        ConfigError::join(problems).map_or(Ok(config), Err)
    }
}

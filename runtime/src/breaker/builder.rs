//! The builder of circuit breakers.

use super::{
    config::BreakerConfig,
    control::ManualControl,
    draft::{Draft, check_name},
    handle::CircuitBreaker,
    shared::Shared,
};
use crate::{
    ConfigError,
    event::GuardName,
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
    name: GuardName<String>,
    draft: Draft,
    /// Whether this changes a living breaker.
    is_change: bool,
    clock: Option<SharedClock>,
    seed: Option<u64>,
    controls: Vec<ManualControl>,
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
        Self {
            name: GuardName(name),
            draft: Draft::default(),
            is_change: false,
            clock: None,
            seed: None,
            controls: Vec::new(),
            place: Place::Caller(Location::caller()),
        }
    }

    /// Starts the change of a living breaker: it holds only what is said in it.
    pub(super) fn of_change(name: String) -> Self {
        Self {
            is_change: true,
            ..Self::new(name)
        }
    }

    /// Sets how many failures in a row open the circuit; 5 unless a window is set.
    pub fn failure_threshold(mut self, calls: u32) -> Self {
        self.draft.failure_threshold = Some(calls);
        self
    }

    /// Takes `failure_threshold` back: its default holds again, which is 5, or off where a window
    /// is set.
    pub fn no_failure_threshold(mut self) -> Self {
        self.draft.failure_threshold = None;
        self.draft.taken_back.failure_threshold = true;
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

    /// Sets by what the open time grows each time that recovery fails, until the circuit closes; 1
    /// by default, up to 1000.
    pub fn recovery_backoff(mut self, factor: f64) -> Self {
        self.draft.recovery_backoff = Some(factor);
        self
    }

    /// Sets what the open time never exceeds, backoff and jitter included; one hour by default, or
    /// `recovery_timeout` where that is longer.
    pub fn max_recovery_timeout(mut self, duration: Duration) -> Self {
        self.draft.max_recovery_timeout = Some(duration);
        self
    }

    /// Sets how much of an open time, from 0 to 1, is at most added to it at random, so that many
    /// instances do not probe in step; 0 by default.
    pub fn recovery_jitter(mut self, fraction: f64) -> Self {
        self.draft.recovery_jitter = Some(fraction);
        self
    }

    /// Sets the limit of the half-open state; `recovery_timeout` by default.
    ///
    /// When it is over, the circuit opens again if a probe hangs (it began in the first half of
    /// that time and has not ended), and closes if probes ended in permanent errors and none failed
    /// or hung. Otherwise it stays half-open and goes on admitting probes.
    pub fn half_open_timeout(mut self, duration: Duration) -> Self {
        self.draft.half_open_timeout = Some(duration);
        self
    }

    /// Sets that rates are taken over the last so many calls, from 1 to 1,000,000; by default no
    /// rate is looked at.
    pub fn count_window(mut self, calls: u32) -> Self {
        self.draft.count_window = Some(calls);
        if self.is_change {
            self.draft.time_window = None;
        }
        self
    }

    /// Sets that rates are taken over the calls of the last while, at least 1 ms; it slides in ten
    /// steps.
    pub fn time_window(mut self, duration: Duration) -> Self {
        self.draft.time_window = Some(duration);
        if self.is_change {
            self.draft.count_window = None;
        }
        self
    }

    /// Takes the window back, and with it `failure_rate` and `min_calls`: no rate of failures is
    /// looked at. For [`reconfigure`](CircuitBreaker::reconfigure).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("no-window-example").count_window(50).failure_rate(0.2).build()?;
    /// breaker.reconfigure(|change| change.no_window())?;
    /// assert_eq!((breaker.config().window, breaker.config().failure_threshold), (None, Some(5)));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn no_window(mut self) -> Self {
        (self.draft.count_window, self.draft.time_window) = (None, None);
        (self.draft.failure_rate, self.draft.min_calls) = (None, None);
        self.draft.taken_back.window = true;
        self
    }

    /// Sets the share of failures in the window, above 0 and up to 1, at which the circuit opens;
    /// 0.5 where a window is set. Without a window it is taken over the last 100 calls.
    pub fn failure_rate(mut self, rate: f64) -> Self {
        self.draft.failure_rate = Some(rate);
        self
    }

    /// Sets how many calls the window must hold before its rates mean anything; 10 by default, or
    /// the whole count window where that is smaller.
    pub fn min_calls(mut self, calls: u32) -> Self {
        self.draft.min_calls = Some(calls);
        self
    }

    /// Sets the duration above which a call is slow, also while it still runs; off by default.
    pub fn slow_call(mut self, duration: Duration) -> Self {
        self.draft.slow_call = Some(duration);
        self
    }

    /// Takes `slow_call` and `slow_rate` back: calls are not timed. For
    /// [`reconfigure`](CircuitBreaker::reconfigure).
    pub fn no_slow_call(mut self) -> Self {
        (self.draft.slow_call, self.draft.slow_rate) = (None, None);
        self.draft.taken_back.slow_call = true;
        self
    }

    /// Sets the share of slow calls in the window, above 0 and up to 1, at which the circuit opens;
    /// 0.5 where `slow_call` is set.
    pub fn slow_rate(mut self, rate: f64) -> Self {
        self.draft.slow_rate = Some(rate);
        self
    }

    /// Sets how long an asynchronous call must have been pending for its drop to count as a
    /// failure; 1 s by default.
    ///
    /// It counts only if no other call of the breaker succeeded between the first time that it was
    /// pending and its drop: clients that leave do not open a healthy circuit, a callee that hangs
    /// does.
    pub fn abandoned_after(mut self, duration: Duration) -> Self {
        self.draft.abandoned_after = Some(duration);
        self
    }

    /// Sets whether the breaker only counts and emits events, and never rejects.
    ///
    /// Calls that it lets through although it is open are counted, but do not decide.
    pub fn shadow(mut self, shadow: bool) -> Self {
        self.draft.shadow = Some(shadow);
        self
    }

    /// Sets the clock; the system's by default. A living breaker keeps its clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(SharedClock::new(clock));
        self
    }

    /// Sets the seed of the jitter, so that the open times can be foretold; random by default. A
    /// living breaker keeps its own.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Puts the breaker under a switch that it shares with others; under each of several ones that
    /// are given.
    pub fn control(mut self, control: &ManualControl) -> Self {
        self.controls.push(control.clone());
        self
    }

    /// Sets the place that a warning about a second, different declaration of the name shows, as
    /// `src/db.rs:12`; the place where the builder was made by default.
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
        let clock = self.clock.unwrap_or_default();
        let shared = Shared::new(
            self.name.0.into(),
            config,
            self.draft.said(),
            clock,
            rng,
            self.place,
        );
        let breaker = CircuitBreaker::of_shared(shared);
        self.controls
            .iter()
            .for_each(|control| control.join(&breaker));
        breaker
    }

    /// Sets the clock, unless one was chosen.
    pub(super) fn clock_or(mut self, clock: &SharedClock) -> Self {
        self.clock.get_or_insert_with(|| clock.clone());
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    #[cfg(test)]
    pub(super) fn said(&self) -> super::draft::Said {
        self.draft.said()
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Makes the change to a living breaker, in one step under its lock.
    pub(super) fn apply_to(self, breaker: &CircuitBreaker) -> Result<(), ConfigError> {
        let fixed = [
            ("clock", self.clock.is_some()),
            ("seed", self.seed.is_some()),
        ];
        let fixed = fixed.into_iter().filter(|(_, is_set)| *is_set);
        let refused = |(field, _)| {
            ConfigError::new(field, "another", "must be set before the breaker is built")
        };
        let mut problems: Vec<_> = fixed.map(refused).collect();
        let now = breaker.shared().clock.now();
        breaker.shared().step(|locked| {
            let draft = Draft::of(locked.core.config(), locked.said).changed_by(&self.draft);
            let config = draft.resolve(&mut problems);
            if problems.is_empty() {
                locked.said = draft.said();
                locked.core.reconfigure_at(now, config);
            }
            ((), Default::default())
        });
        if let Some(problem) = ConfigError::join(problems) {
            return Err(problem);
        }
        self.controls
            .iter()
            .for_each(|control| control.join(breaker));
        Ok(())
    }

    pub(super) fn resolve(&self) -> Result<BreakerConfig, ConfigError> {
        let mut problems = Vec::new();
        check_name(&self.name, &mut problems);
        let config = self.draft.resolve(&mut problems);
        ConfigError::join(problems).map_or(Ok(config), Err)
    }
}

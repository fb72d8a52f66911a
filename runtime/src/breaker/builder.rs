//! Builder of circuit breakers.

use super::{
    config::BreakerConfig,
    control::ManualControl,
    handle::CircuitBreaker,
    partial_config::{PartialConfig, check_name},
    shell::Shell,
};
use crate::{
    error::ConfigError,
    event::GuardName,
    rng::Rng,
    time::{Clock, SharedClock},
};
use std::{panic::Location, time::Duration};

/// Builder of a [`CircuitBreaker`]. Settings that are not set have the defaults of
/// [`BreakerConfig`].
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
    settings: PartialConfig,
    /// Whether this changes a breaker that exists.
    is_change: bool,
    clock: Option<SharedClock>,
    seed: Option<u64>,
    controls: Vec<ManualControl>,
    place: &'static Location<'static>,
}

impl CircuitBreaker {
    /// Returns a builder of a breaker of its own, which is in no registry.
    ///
    /// The name is 1 to 128 bytes of printable characters; that and all other rules are checked by
    /// [`build`](BreakerBuilder::build).
    #[track_caller]
    pub fn builder(name: impl Into<String>) -> BreakerBuilder {
        BreakerBuilder::new(name.into())
    }

    /// Changes the configuration while the breaker is in use. State, counts, calls in flight and as
    /// much of the window as fits are kept; an open time that runs already ends when it was to end.
    ///
    /// The settings that `change` makes replace earlier ones; all others stay, and those that were
    /// never set follow their defaults, for example `max_recovery_timeout` follows
    /// `recovery_timeout`. Of two windows the last one holds.
    /// [`no_window`](BreakerBuilder::no_window), [`no_slow_call`](BreakerBuilder::no_slow_call) and
    /// [`no_failure_threshold`](BreakerBuilder::no_failure_threshold) unset; a
    /// [`control`](BreakerBuilder::control) is added. Name, clock and seed cannot be changed.
    ///
    /// `change` runs under no lock, and its result is applied in one step: of two threads that
    /// change different settings at once neither undoes what the other did, nor does a change
    /// within a change.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every rule that the result breaks, and for a clock or a seed; the
    /// breaker then goes on as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::builder("reconfigure-example").build()?;
    /// breaker.reconfigure(|now| now.failure_threshold(3))?;
    /// assert_eq!(breaker.config().failure_threshold, Some(3));
    /// assert_eq!(breaker.reconfigure(|now| now.failure_threshold(0)).unwrap_err().field(), "failure_threshold");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn reconfigure(
        &self,
        change: impl FnOnce(BreakerBuilder) -> BreakerBuilder,
    ) -> Result<(), ConfigError> {
        change(BreakerBuilder::of_change(self.name().to_owned())).apply_to(self)
    }
}

impl BreakerBuilder {
    #[track_caller]
    pub(super) fn new(name: String) -> Self {
        Self {
            name: GuardName(name),
            settings: PartialConfig::default(),
            is_change: false,
            clock: None,
            seed: None,
            controls: Vec::new(),
            place: Location::caller(),
        }
    }

    /// Returns a builder of a change to a breaker that exists: it holds only the settings that
    /// change.
    fn of_change(name: String) -> Self {
        Self {
            is_change: true,
            ..Self::new(name)
        }
    }

    /// Sets how many failures in a row open the circuit; 5 unless a window is set.
    pub fn failure_threshold(mut self, calls: u32) -> Self {
        self.settings.failure_threshold = Some(calls);
        self
    }

    /// Unsets `failure_threshold`: its default applies again, which is 5, or off where a window is
    /// set.
    pub fn no_failure_threshold(mut self) -> Self {
        self.settings.failure_threshold = None;
        self.settings.cleared.failure_threshold = true;
        self
    }

    /// Sets how long the circuit stays open before it admits probes; 60 s by default.
    pub fn recovery_timeout(mut self, duration: Duration) -> Self {
        self.settings.recovery_timeout = Some(duration);
        self
    }

    /// Sets how many probes may run at once while the circuit is half-open; 2 by default.
    pub fn half_open_max_calls(mut self, calls: u32) -> Self {
        self.settings.half_open_max_calls = Some(calls);
        self
    }

    /// Sets how many probes must succeed to close the circuit; 1 by default.
    pub fn success_threshold(mut self, calls: u32) -> Self {
        self.settings.success_threshold = Some(calls);
        self
    }

    /// Sets by what the open time grows each time that recovery fails, until the circuit closes; 1
    /// by default, up to 1000.
    pub fn recovery_backoff(mut self, factor: f64) -> Self {
        self.settings.recovery_backoff = Some(factor);
        self
    }

    /// Sets what the open time never exceeds, backoff and jitter included; one hour by default, or
    /// `recovery_timeout` where that is longer.
    pub fn max_recovery_timeout(mut self, duration: Duration) -> Self {
        self.settings.max_recovery_timeout = Some(duration);
        self
    }

    /// Sets how much of an open time, from 0 to 1, is at most added to it at random, so that many
    /// instances do not probe in step; 0 by default.
    pub fn recovery_jitter(mut self, fraction: f64) -> Self {
        self.settings.recovery_jitter = Some(fraction);
        self
    }

    /// Sets the limit of the half-open state; `recovery_timeout` by default.
    ///
    /// When it is over, the circuit opens again if a probe hangs (it began in the first half of
    /// that time and has not ended), and closes if probes ended in permanent errors and none failed
    /// or hung. Otherwise it stays half-open and goes on admitting probes.
    pub fn half_open_timeout(mut self, duration: Duration) -> Self {
        self.settings.half_open_timeout = Some(duration);
        self
    }

    /// Sets that rates are computed over the last so many calls, from 1 to 1,000,000; by default no
    /// rate is computed.
    pub fn count_window(mut self, calls: u32) -> Self {
        self.settings.count_window = Some(calls);
        if self.is_change {
            self.settings.time_window = None;
        }
        self
    }

    /// Sets that rates are computed over the calls of the last `duration`, at least 1 ms; the
    /// window slides in ten steps.
    pub fn time_window(mut self, duration: Duration) -> Self {
        self.settings.time_window = Some(duration);
        if self.is_change {
            self.settings.count_window = None;
        }
        self
    }

    /// Unsets the window, and with it `failure_rate` and `min_calls`: no failure rate is computed.
    /// For [`reconfigure`](CircuitBreaker::reconfigure).
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
        (self.settings.count_window, self.settings.time_window) = (None, None);
        (self.settings.failure_rate, self.settings.min_calls) = (None, None);
        self.settings.cleared.window = true;
        self
    }

    /// Sets the share of failures in the window, above 0 and up to 1, at which the circuit opens;
    /// 0.5 where a window is set. Without a window it is computed over the last 100 calls.
    pub fn failure_rate(mut self, rate: f64) -> Self {
        self.settings.failure_rate = Some(rate);
        self
    }

    /// Sets how many calls the window must hold before its rates mean anything; 10 by default, or
    /// the whole count window where that is smaller.
    pub fn min_calls(mut self, calls: u32) -> Self {
        self.settings.min_calls = Some(calls);
        self
    }

    /// Sets the duration above which a call is slow, also while it still runs; off by default.
    pub fn slow_call(mut self, duration: Duration) -> Self {
        self.settings.slow_call = Some(duration);
        self
    }

    /// Unsets `slow_call` and `slow_rate`: calls are not timed. For
    /// [`reconfigure`](CircuitBreaker::reconfigure).
    pub fn no_slow_call(mut self) -> Self {
        (self.settings.slow_call, self.settings.slow_rate) = (None, None);
        self.settings.cleared.slow_call = true;
        self
    }

    /// Sets the share of slow calls in the window, above 0 and up to 1, at which the circuit opens;
    /// 0.5 where `slow_call` is set.
    pub fn slow_rate(mut self, rate: f64) -> Self {
        self.settings.slow_rate = Some(rate);
        self
    }

    /// Sets how long an asynchronous call must have been pending for its drop to count as a
    /// failure; 1 s by default.
    ///
    /// It counts only if no other call of the breaker succeeded between the first time that it was
    /// pending and its drop: clients that disconnect do not open a healthy circuit, a callee that
    /// hangs does.
    pub fn abandoned_after(mut self, duration: Duration) -> Self {
        self.settings.abandoned_after = Some(duration);
        self
    }

    /// Sets whether the breaker only counts and emits events, and never rejects.
    ///
    /// Calls that it admits although it is open are counted, but do not decide.
    pub fn shadow(mut self, shadow: bool) -> Self {
        self.settings.shadow = Some(shadow);
        self
    }

    /// Sets the clock; the system's by default. It cannot be changed later.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(SharedClock::new(clock));
        self
    }

    /// Sets the seed of the jitter, which makes the open times deterministic; random by default. It
    /// cannot be changed later.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Adds a manual control that the breaker shares with others; a breaker may have several.
    pub fn control(mut self, control: &ManualControl) -> Self {
        self.controls.push(control.clone());
        self
    }

    /// Makes a breaker of its own, which is in no registry.
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
        let shell = Shell::new(
            self.name.0.into(),
            config,
            self.settings.explicit(),
            clock,
            rng,
            self.place,
        );
        let breaker = CircuitBreaker::from_shell(shell);
        self.controls
            .iter()
            .for_each(|control| control.join(breaker.shell()));
        breaker
    }

    /// Sets the clock, unless one is set.
    pub(crate) fn clock_or(mut self, clock: &SharedClock) -> Self {
        self.clock.get_or_insert_with(|| clock.clone());
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    #[cfg(test)]
    pub(super) fn explicit(&self) -> super::partial_config::ExplicitSettings {
        self.settings.explicit()
    }

    pub(super) fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// Changes a breaker that exists, in one step under its lock.
    fn apply_to(self, breaker: &CircuitBreaker) -> Result<(), ConfigError> {
        let fixed = [
            ("clock", self.clock.is_some()),
            ("seed", self.seed.is_some()),
        ];
        let fixed = fixed.into_iter().filter(|(_, is_set)| *is_set);
        let refused = |(field, _)| {
            ConfigError::new(field, "another", "must be set before the breaker is built")
        };
        let mut problems: Vec<_> = fixed.map(refused).collect();
        let now = breaker.shell().clock.now();
        breaker.shell().step(|locked| {
            let changed = PartialConfig::of(locked.machine.config(), locked.explicit)
                .changed_by(&self.settings);
            let config = changed.resolve(&mut problems);
            if problems.is_empty() {
                locked.explicit = changed.explicit();
                locked.machine.reconfigure_at(now, config);
            }
            ((), Default::default())
        });
        if let Some(problem) = ConfigError::join(problems) {
            return Err(problem);
        }
        self.controls
            .iter()
            .for_each(|control| control.join(breaker.shell()));
        Ok(())
    }

    pub(super) fn resolve(&self) -> Result<BreakerConfig, ConfigError> {
        let mut problems = Vec::new();
        check_name(&self.name, &mut problems);
        let config = self.settings.resolve(&mut problems);
        ConfigError::join(problems).map_or(Ok(config), Err)
    }
}

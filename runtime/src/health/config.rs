//! Configuration of a health registry.

use crate::{
    error::ConfigError,
    time::{Clock, SharedClock},
};
use std::{fmt, time::Duration};

/// The configuration of a [`Health`](super::Health) registry.
///
/// Two configurations are equal if their settings are, whatever their clocks.
///
/// # Defaults
///
/// | setter | default | range |
/// | --- | --- | --- |
/// | `period` | 30 s | 10 ms and more |
/// | `jitter` | 0.1 | 0 to 0.5 |
/// | `timeout` | 5 s | above zero |
/// | `deadline` | 10 s | at least `timeout` |
/// | `concurrency` | 8 | 1 to 64 |
/// | `failure_threshold` | 3 | at least 1 |
/// | `success_threshold` | 1 | at least 1 |
/// | `stale_after` | 90 s | at least `period` and `timeout` together |
/// | `cache_ttl` | 1 s | at most `stale_after` |
/// | `history` | 32 | 1 to 1,000 |
/// | `background` | on | |
/// | `breakers` | on for the process-wide registry, off for others | |
///
/// A value outside its range is an error of [`build`](HealthConfigBuilder::build).
///
/// # Examples
///
/// ```
/// use gardefou::health::{Health, HealthConfig};
/// use std::time::Duration;
///
/// let config = HealthConfig::builder()
///     .period(Duration::from_secs(10))
///     .failure_threshold(2)
///     .build()?;
/// let health = Health::new(config.clone());
/// assert_eq!(health.config(), config);
///
/// let err = HealthConfig::builder().concurrency(0).build().unwrap_err();
/// assert_eq!(err.to_string(), "`concurrency` = 0: must be from 1 to 64");
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct HealthConfig {
    pub(crate) period: Duration,
    pub(crate) jitter: f64,
    pub(crate) timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) concurrency: usize,
    pub(crate) failure_threshold: u32,
    pub(crate) success_threshold: u32,
    pub(crate) stale_after: Duration,
    pub(crate) cache_ttl: Duration,
    pub(crate) history: usize,
    pub(crate) background: bool,
    /// `None`: on in the process-wide registry alone.
    pub(crate) breakers: Option<bool>,
    pub(crate) clock: OwnClock,
}

/// Collects the settings of a [`HealthConfig`].
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct HealthConfigBuilder(HealthConfig);

/// The clock that was set, if any; no part of the equality of configurations.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnClock(pub(crate) Option<SharedClock>);

impl PartialEq for OwnClock {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl HealthConfig {
    /// Starts from the defaults.
    pub fn builder() -> HealthConfigBuilder {
        HealthConfigBuilder::default()
    }
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            period: Duration::from_secs(30),
            jitter: 0.1,
            timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(10),
            concurrency: 8,
            failure_threshold: 3,
            success_threshold: 1,
            stale_after: Duration::from_secs(90),
            cache_ttl: Duration::from_secs(1),
            history: 32,
            background: true,
            breakers: None,
            clock: OwnClock::default(),
        }
    }
}

impl HealthConfigBuilder {
    /// Sets the time between two runs of a check in the background.
    pub fn period(mut self, period: Duration) -> Self {
        self.0.period = period;
        self
    }

    /// Sets the fraction by which each period is shortened or lengthened at random, so that the
    /// checks of a fleet do not run in step.
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.0.jitter = fraction;
        self
    }

    /// Sets the time limit of one check.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = timeout;
        self
    }

    /// Sets the time limit of a run of many checks.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.0.deadline = deadline;
        self
    }

    /// Sets how many checks may run at once.
    pub fn concurrency(mut self, checks: usize) -> Self {
        self.0.concurrency = checks;
        self
    }

    /// Sets how many failures in a row change the status of a check from pass to fail.
    pub fn failure_threshold(mut self, failures: u32) -> Self {
        self.0.failure_threshold = failures;
        self
    }

    /// Sets how many successes in a row change the status of a check from fail to pass.
    pub fn success_threshold(mut self, successes: u32) -> Self {
        self.0.success_threshold = successes;
        self
    }

    /// Sets the age at which a result becomes stale.
    pub fn stale_after(mut self, age: Duration) -> Self {
        self.0.stale_after = age;
        self
    }

    /// Sets the age up to which [`refresh`](super::Health::refresh) uses a result instead of running
    /// the check again.
    pub fn cache_ttl(mut self, age: Duration) -> Self {
        self.0.cache_ttl = age;
        self
    }

    /// Sets how many results and changes of status are kept per check.
    pub fn history(mut self, entries: usize) -> Self {
        self.0.history = entries;
        self
    }

    /// Sets whether start-up also starts the background runner.
    pub fn background(mut self, on: bool) -> Self {
        self.0.background = on;
        self
    }

    /// Sets whether reports have an entry for each circuit breaker of the process.
    pub fn breakers(mut self, on: bool) -> Self {
        self.0.breakers = Some(on);
        self
    }

    /// Sets the clock; the system's by default. Periods, limits and ages follow it; waiting callers
    /// read one that is not the system's once a millisecond.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = OwnClock(Some(SharedClock::new(clock)));
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Returns an error that names every setting outside its range.
    pub fn build(self) -> Result<HealthConfig, ConfigError> {
        let Self(config) = self;
        let one_round = config.period.saturating_add(config.timeout);
        let rules: [(bool, &'static str, &dyn fmt::Debug, &str); 10] = [
            (
                config.period >= SHORTEST_PERIOD,
                "period",
                &config.period,
                "must be at least 10ms",
            ),
            (
                (0.0..=0.5).contains(&config.jitter),
                "jitter",
                &config.jitter,
                "must be from 0 to 0.5",
            ),
            (
                !config.timeout.is_zero(),
                "timeout",
                &config.timeout,
                "must be above zero",
            ),
            (
                config.deadline >= config.timeout,
                "deadline",
                &config.deadline,
                "must be at least the timeout of one check",
            ),
            (
                (1..=64).contains(&config.concurrency),
                "concurrency",
                &config.concurrency,
                "must be from 1 to 64",
            ),
            (
                config.failure_threshold >= 1,
                "failure_threshold",
                &config.failure_threshold,
                "must be at least 1",
            ),
            (
                config.success_threshold >= 1,
                "success_threshold",
                &config.success_threshold,
                "must be at least 1",
            ),
            (
                config.stale_after >= one_round,
                "stale_after",
                &config.stale_after,
                "must be at least period and timeout together",
            ),
            (
                config.cache_ttl <= config.stale_after,
                "cache_ttl",
                &config.cache_ttl,
                "must be at most stale_after",
            ),
            (
                (1..=1000).contains(&config.history),
                "history",
                &config.history,
                "must be from 1 to 1000",
            ),
        ];
        let broken = rules.into_iter().filter(|(holds, ..)| !holds);
        let problems = broken.map(|(_, field, value, rule)| {
            ConfigError::new(field, format_args!("{value:?}"), rule)
        });
        match ConfigError::join(problems) {
            Some(err) => Err(err),
            None => Ok(config),
        }
    }
}

/// A shorter period would put load on the dependency.
pub(crate) const SHORTEST_PERIOD: Duration = Duration::from_millis(10);

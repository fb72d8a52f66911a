//! Configuration of a health registry.

use crate::error::ConfigError;
use std::time::Duration;

/// Configuration of a [`Health`](super::Health) registry: a plain value, validated where it is used.
///
/// # Defaults
///
/// | setter | default | legal |
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
/// # Examples
///
/// ```
/// use gardefou::health::{Health, HealthConfig};
/// use std::time::Duration;
///
/// let config = HealthConfig::default().period(Duration::from_secs(10)).failure_threshold(2);
/// assert!(Health::new(config).is_ok());
///
/// let err = Health::new(HealthConfig::default().concurrency(0)).unwrap_err();
/// assert_eq!(err.to_string(), "`concurrency` = 0: must be from 1 to 64");
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
        }
    }
}

impl HealthConfig {
    /// Sets the time between two runs of a check in the background.
    #[must_use]
    pub fn period(mut self, period: Duration) -> Self {
        self.period = period;
        self
    }

    /// Sets the fraction by which each period is shortened or lengthened at random, so that the
    /// checks of a fleet do not run in step.
    #[must_use]
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = fraction;
        self
    }

    /// Sets the time limit of one check.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the time limit of a run of many checks.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets how many checks may run at once.
    #[must_use]
    pub fn concurrency(mut self, checks: usize) -> Self {
        self.concurrency = checks;
        self
    }

    /// Sets how many failures in a row change the status of a check from pass to fail.
    #[must_use]
    pub fn failure_threshold(mut self, failures: u32) -> Self {
        self.failure_threshold = failures;
        self
    }

    /// Sets how many successes in a row change the status of a check from fail to pass.
    #[must_use]
    pub fn success_threshold(mut self, successes: u32) -> Self {
        self.success_threshold = successes;
        self
    }

    /// Sets the age at which a result becomes stale.
    #[must_use]
    pub fn stale_after(mut self, age: Duration) -> Self {
        self.stale_after = age;
        self
    }

    /// Sets the age up to which [`refresh`](super::Health::refresh) uses a result instead of running
    /// the check again.
    #[must_use]
    pub fn cache_ttl(mut self, age: Duration) -> Self {
        self.cache_ttl = age;
        self
    }

    /// Sets how many results and changes of status are kept per check.
    #[must_use]
    pub fn history(mut self, entries: usize) -> Self {
        self.history = entries;
        self
    }

    /// Sets whether start-up also starts the background runner.
    #[must_use]
    pub fn background(mut self, on: bool) -> Self {
        self.background = on;
        self
    }

    /// Sets whether reports have an entry for each circuit breaker of the process.
    #[must_use]
    pub fn breakers(mut self, on: bool) -> Self {
        self.breakers = Some(on);
        self
    }

    /// Checks every rule.
    ///
    /// # Errors
    ///
    /// Returns an error that names every illegal setting.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let mut problems = Vec::new();
        let mut rule = |holds: bool, field, value: String, rule: &str| {
            if !holds {
                problems.push(ConfigError::new(field, value, rule));
            }
        };
        rule(
            self.period >= SHORTEST_PERIOD,
            "period",
            format!("{:?}", self.period),
            "must be at least 10ms",
        );
        rule(
            (0.0..=0.5).contains(&self.jitter),
            "jitter",
            self.jitter.to_string(),
            "must be from 0 to 0.5",
        );
        rule(
            !self.timeout.is_zero(),
            "timeout",
            format!("{:?}", self.timeout),
            "must be above zero",
        );
        let deadline = format!("{:?}", self.deadline);
        rule(
            self.deadline >= self.timeout,
            "deadline",
            deadline,
            "must be at least the timeout of one check",
        );
        let concurrency = self.concurrency.to_string();
        rule(
            (1..=64).contains(&self.concurrency),
            "concurrency",
            concurrency,
            "must be from 1 to 64",
        );
        let (failures, successes) = (self.failure_threshold, self.success_threshold);
        rule(
            failures >= 1,
            "failure_threshold",
            failures.to_string(),
            "must be at least 1",
        );
        rule(
            successes >= 1,
            "success_threshold",
            successes.to_string(),
            "must be at least 1",
        );
        let stale = format!("{:?}", self.stale_after);
        let one_round = self.period.saturating_add(self.timeout);
        rule(
            self.stale_after >= one_round,
            "stale_after",
            stale,
            "must be at least period and timeout together",
        );
        let ttl = format!("{:?}", self.cache_ttl);
        rule(
            self.cache_ttl <= self.stale_after,
            "cache_ttl",
            ttl,
            "must be at most stale_after",
        );
        rule(
            (1..=1000).contains(&self.history),
            "history",
            self.history.to_string(),
            "must be from 1 to 1000",
        );
        ConfigError::join(problems).map_or(Ok(()), Err)
    }
}

/// A shorter period would put load on the dependency.
const SHORTEST_PERIOD: Duration = Duration::from_millis(10);

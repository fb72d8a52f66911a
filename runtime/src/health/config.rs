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
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::HealthConfig;
    ///
    /// assert_eq!(HealthConfig::builder().build()?, HealthConfig::default());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn builder() -> HealthConfigBuilder {
        HealthConfigBuilder::default()
    }

    /// Returns the configuration for a registry that exists, whose clock cannot be changed.
    pub(crate) fn for_existing(self) -> Result<Self, ConfigError> {
        let rule = "must be set before the registry is made";
        match self.clock.0 {
            Some(_) => Err(ConfigError::new("clock", "another", rule)),
            None => Ok(self),
        }
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
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{health::{Health, HealthConfig}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let config = HealthConfig::builder().period(Duration::from_secs(5)).jitter(0.0);
    /// let health = Health::new(config.clock(clock.clone()).build()?);
    /// health.register_check("queue", || true)?;
    /// assert_eq!(health.run_due_checks(), 1);
    /// clock.advance(Duration::from_secs(4));
    /// assert_eq!(health.run_due_checks(), 0);
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(health.run_due_checks(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn period(mut self, period: Duration) -> Self {
        self.0.period = period;
        self
    }

    /// Sets the fraction by which each period is shortened or lengthened at random, so that the
    /// checks of a fleet do not run in step.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{health::{Health, HealthConfig}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let config = HealthConfig::builder().period(Duration::from_secs(10)).jitter(0.5);
    /// let health = Health::new(config.clock(clock.clone()).build()?);
    /// health.register_check("queue", || true)?;
    /// health.run_due_checks();
    /// clock.advance(Duration::from_millis(4999)); // due after 5 to 15 s
    /// assert_eq!(health.run_due_checks(), 0);
    /// clock.advance(Duration::from_secs(11));
    /// assert_eq!(health.run_due_checks(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.0.jitter = fraction;
        self
    }

    /// Sets the time limit of one check.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, HealthConfig};
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
    /// let health = Health::new(HealthConfig::builder().timeout(Duration::from_secs(2)).build()?);
    /// health.register_async_check("archive", std::future::pending::<bool>)?;
    /// let report = health.run_check_async("archive").await?;
    /// assert_eq!(report.output.as_deref(), Some("took longer than 2s"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = timeout;
        self
    }

    /// Sets the time limit of a run of many checks.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{health::{Check, Health, HealthConfig}, time::ManualClock};
    /// use std::{sync::{Mutex, mpsc}, time::Duration};
    ///
    /// let clock = ManualClock::new();
    /// let config = HealthConfig::builder().deadline(Duration::from_secs(6));
    /// let health = Health::new(config.clock(clock.clone()).build()?);
    /// let (_end, ended) = mpsc::channel::<()>();
    /// let ended = Mutex::new(ended);
    /// let hangs = move || {
    ///     clock.advance(Duration::from_secs(7));
    ///     ended.lock().unwrap().recv().is_ok()
    /// };
    /// health.register(Check::dependency("archive", hangs).timeout(Duration::from_secs(60)))?;
    /// let report = health.run_check("archive")?;
    /// assert_eq!(report.output.as_deref(), Some("not back by the deadline of the whole run"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.0.deadline = deadline;
        self
    }

    /// Sets how many checks may run at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, HealthConfig};
    /// use std::sync::{Arc, atomic::{AtomicU32, Ordering::SeqCst}};
    ///
    /// let health = Health::new(HealthConfig::builder().concurrency(1).build()?);
    /// let running = Arc::new(AtomicU32::new(0));
    /// for name in ["a", "b", "c"] {
    ///     let running = Arc::clone(&running);
    ///     let is_alone = move || running.fetch_add(1, SeqCst) == 0 && running.fetch_sub(1, SeqCst) == 1;
    ///     health.register_check(name, is_alone)?;
    /// }
    /// assert!(health.run_all_checks().passed().values().all(|passed| *passed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn concurrency(mut self, checks: usize) -> Self {
        self.0.concurrency = checks;
        self
    }

    /// Sets how many failures in a row change the status of a check from pass to fail.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, HealthConfig, Status};
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    ///
    /// let health = Health::new(HealthConfig::builder().failure_threshold(2).build()?);
    /// let runs = AtomicU32::new(0);
    /// health.register_check("api", move || runs.fetch_add(1, Relaxed) == 0)?; // passes once
    /// let status = |_| {
    ///     health.run_all_checks();
    ///     health.health_status().check("api").unwrap().status
    /// };
    /// assert_eq!([1, 2, 3].map(status), [Status::Pass, Status::Pass, Status::Fail]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn failure_threshold(mut self, failures: u32) -> Self {
        self.0.failure_threshold = failures;
        self
    }

    /// Sets how many successes in a row change the status of a check from fail to pass.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, HealthConfig, Status};
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    ///
    /// let health = Health::new(HealthConfig::builder().success_threshold(2).build()?);
    /// let runs = AtomicU32::new(0);
    /// health.register_check("api", move || runs.fetch_add(1, Relaxed) > 0)?; // fails once
    /// let status = |_| {
    ///     health.run_all_checks();
    ///     health.health_status().check("api").unwrap().status
    /// };
    /// assert_eq!([1, 2, 3].map(status), [Status::Fail, Status::Fail, Status::Pass]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn success_threshold(mut self, successes: u32) -> Self {
        self.0.success_threshold = successes;
        self
    }

    /// Sets the age at which a result becomes stale.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{health::{Health, HealthConfig}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let config = HealthConfig::builder().stale_after(Duration::from_secs(40));
    /// let health = Health::new(config.clock(clock.clone()).build()?);
    /// health.register_check("feed", || true)?;
    /// assert!(health.run_check("feed")?.passed());
    /// clock.advance(Duration::from_secs(41));
    /// let feed = health.health_status().check("feed").unwrap().clone();
    /// assert_eq!(feed.category.unwrap().name(), "stale");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stale_after(mut self, age: Duration) -> Self {
        self.0.stale_after = age;
        self
    }

    /// Sets the age up to which [`refresh`](super::Health::refresh) uses a result instead of running
    /// the check again.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{health::{Health, HealthConfig}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let config = HealthConfig::builder().cache_ttl(Duration::from_secs(10));
    /// let health = Health::new(config.clock(clock.clone()).build()?);
    /// health.register_check("api", || true)?;
    /// health.refresh();
    /// clock.advance(Duration::from_secs(10));
    /// health.refresh();
    /// assert_eq!(health.history("api")?.len(), 1);
    /// clock.advance(Duration::from_secs(1));
    /// health.refresh();
    /// assert_eq!(health.history("api")?.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cache_ttl(mut self, age: Duration) -> Self {
        self.0.cache_ttl = age;
        self
    }

    /// Sets how many results and changes of status are kept per check.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, HealthConfig};
    ///
    /// let health = Health::new(HealthConfig::builder().history(2).build()?);
    /// health.register_check("api", || true)?;
    /// for _ in 0..3 {
    ///     health.run_check("api")?;
    /// }
    /// assert_eq!(health.history("api")?.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn history(mut self, entries: usize) -> Self {
        self.0.history = entries;
        self
    }

    /// Sets whether start-up also starts the background runner.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, HealthConfig};
    ///
    /// let health = Health::new(HealthConfig::builder().background(false).build()?);
    /// health.mark_started();
    /// assert!(!health.is_running_in_background());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn background(mut self, on: bool) -> Self {
        self.0.background = on;
        self
    }

    /// Sets whether reports have an entry for each circuit breaker of the process.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{circuit_breakers, health::{Health, HealthConfig}};
    ///
    /// let health = Health::new(HealthConfig::builder().breakers(true).build()?);
    /// circuit_breakers().get_or_create("search", |b| b)?;
    /// assert!(health.health_status().check("breaker:search").unwrap().passed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn breakers(mut self, on: bool) -> Self {
        self.0.breakers = Some(on);
        self
    }

    /// Sets the clock; the system's by default. Periods, limits and ages follow it; waiting callers
    /// read one that is not the system's once a millisecond.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{health::{Health, HealthConfig}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let health = Health::new(HealthConfig::builder().clock(clock.clone()).build()?);
    /// health.register_check("api", || true)?;
    /// health.run_all_checks();
    /// clock.advance(Duration::from_secs(7));
    /// let age = health.health_status().check("api").unwrap().age;
    /// assert_eq!(age, Some(Duration::from_secs(7)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = OwnClock(Some(SharedClock::new(clock)));
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Returns an error that names every setting outside its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::HealthConfig;
    ///
    /// let err = HealthConfig::builder().jitter(0.7).history(0).build().unwrap_err();
    /// let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["jitter", "history"]);
    /// ```
    pub fn build(self) -> Result<HealthConfig, ConfigError> {
        let Self(config) = self;
        let mut problems = common_problems(
            Some(config.period),
            Some(config.timeout),
            Some(config.failure_threshold),
            Some(config.success_threshold),
        );
        let mut refuse = |field, value: &dyn fmt::Debug, rule: &str| {
            problems.push(ConfigError::new(field, format_args!("{value:?}"), rule));
        };
        if !(0.0..=0.5).contains(&config.jitter) {
            refuse("jitter", &config.jitter, "must be from 0 to 0.5");
        }
        if config.deadline < config.timeout {
            refuse("deadline", &config.deadline, "must be at least timeout");
        }
        if !(1..=64).contains(&config.concurrency) {
            refuse("concurrency", &config.concurrency, "must be from 1 to 64");
        }
        if config.stale_after < config.period.saturating_add(config.timeout) {
            let rule = "must be at least period and timeout together";
            refuse("stale_after", &config.stale_after, rule);
        }
        if config.cache_ttl > config.stale_after {
            refuse(
                "cache_ttl",
                &config.cache_ttl,
                "must be at most stale_after",
            );
        }
        if !(1..=1000).contains(&config.history) {
            refuse("history", &config.history, "must be from 1 to 1000");
        }
        match ConfigError::join(problems) {
            Some(err) => Err(err),
            None => Ok(config),
        }
    }
}

/// Returns the problems of the settings that a registry and a single check have alike; `None` is not
/// set.
pub(super) fn common_problems(
    period: Option<Duration>,
    timeout: Option<Duration>,
    failure_threshold: Option<u32>,
    success_threshold: Option<u32>,
) -> Vec<ConfigError> {
    let mut problems = Vec::new();
    let mut refuse = |field, value: &dyn fmt::Debug, rule: &str| {
        problems.push(ConfigError::new(field, format_args!("{value:?}"), rule));
    };
    if let Some(period) = period.filter(|period| *period < SHORTEST_PERIOD) {
        refuse("period", &period, "must be at least 10ms");
    }
    if let Some(timeout) = timeout.filter(Duration::is_zero) {
        refuse("timeout", &timeout, "must be above zero");
    }
    if failure_threshold == Some(0) {
        refuse("failure_threshold", &0, "must be at least 1");
    }
    if success_threshold == Some(0) {
        refuse("success_threshold", &0, "must be at least 1");
    }
    problems
}

/// A shorter period would put load on the dependency.
const SHORTEST_PERIOD: Duration = Duration::from_millis(10);

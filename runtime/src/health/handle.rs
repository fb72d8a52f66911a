//! Handle of a registry of health checks.

use super::{
    check::Check,
    check_list::{RegisterError, UnknownCheck},
    config::HealthConfig,
    history::{Observation, StatusChange},
    registered::Freshness,
    registry::Registry,
    report::{CheckReport, HealthReport},
    result::IntoCheckResult,
    status::{Criticality, Phase, ProbeKind},
    subsystems::breakers,
};
use crate::{
    error::ConfigError,
    event::{GuardName, names::TARGET_HEALTH},
    time::SharedClock,
};
use std::{fmt, io, sync::Arc};

/// A registry of health checks; cheap to clone. The process-wide one is
/// [`health`](super::health()).
///
/// Checks run outside of every lock, at most
/// [`concurrency`](super::HealthConfigBuilder::concurrency) at once, each within its time limit and
/// each at most once at a time: callers that request a check while it runs share its result. A
/// check that panics has failed. A check that hangs is abandoned once and not started again while
/// it hangs.
///
/// * [`health_status`](Self::health_status) and [`probe`](Self::probe) answer from memory, after
///   thresholds and staleness.
/// * [`run_check`](Self::run_check) and [`run_all_checks`](Self::run_all_checks) run checks and
///   report the results of that run.
/// * [`refresh`](Self::refresh) runs the checks whose result is older than the cache's time to
///   live.
///
/// # Examples
///
/// ```
/// use gardefou::health::{Health, Status};
///
/// let health = Health::default();
/// assert_eq!(health.health_status().status(), Status::Pass);
///
/// health.register_check("custom-service", || true)?;
/// assert_eq!(health.health_status().status(), Status::Fail, "unknown is not healthy");
///
/// assert!(health.run_check("custom-service")?.passed());
/// assert_eq!(health.health_status().status(), Status::Pass);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Health(Arc<Registry>);

impl Health {
    pub(super) fn shared(&self) -> &Registry {
        &self.0
    }

    /// Makes a registry beside the process-wide one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, HealthConfig};
    ///
    /// let health = Health::new(HealthConfig::builder().history(8).build()?);
    /// health.register_check("cache", || true)?;
    /// assert_eq!(health.names(), ["cache"]);
    /// assert!(gardefou::health().run_check("cache").is_err(), "that is another registry");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(mut config: HealthConfig) -> Self {
        let clock = std::mem::take(&mut config.clock).0.unwrap_or_default();
        Self::build(config, clock, false)
    }

    pub(super) fn build(config: HealthConfig, clock: SharedClock, is_process_wide: bool) -> Self {
        Self(Arc::new(Registry::new(config, clock, is_process_wide)))
    }

    /// Returns the configuration.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, HealthConfig};
    ///
    /// let config = HealthConfig::builder().history(8).build()?;
    /// assert_eq!(Health::new(config.clone()).config(), config);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> HealthConfig {
        (*self.0.runner.config()).clone()
    }

    /// Replaces the configuration, from the next run on. The clock cannot be changed.
    ///
    /// # Errors
    ///
    /// Returns an error for a configuration with a clock; the old configuration stays in force.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{health::{Health, HealthConfig}, time::ManualClock};
    ///
    /// let health = Health::default();
    /// health.configure(HealthConfig::builder().history(1).build()?)?;
    /// health.register_check("api", || true)?;
    /// health.run_all_checks();
    /// health.run_all_checks();
    /// assert_eq!(health.history("api")?.len(), 1);
    ///
    /// let err = health.configure(HealthConfig::builder().clock(ManualClock::new()).build()?).unwrap_err();
    /// assert_eq!(err.field(), "clock");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn configure(&self, config: HealthConfig) -> Result<(), ConfigError> {
        self.0.runner.set_config(config.for_existing()?);
        self.0.wake_background();
        Ok(())
    }

    /// Registers a check of a dependency: important, for readiness. Use
    /// [`register`](Self::register) for more.
    ///
    /// The check returns a `bool`, a `Result` or a [`CheckResult`](super::CheckResult). It runs on
    /// a thread of the registry.
    ///
    /// # Errors
    ///
    /// Returns a [`RegisterError`] for a name that is taken or illegal (legal are 1 to 100 bytes of
    /// letters, digits, `-`, `_`, `.` and inner spaces); nothing is registered then.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Criticality, Health};
    ///
    /// let health = Health::default();
    /// health.register_check("archive", || std::fs::metadata("no/such/folder").map(drop))?;
    /// let report = health.run_check("archive")?;
    /// assert!(!report.passed());
    /// assert_eq!(report.criticality, Criticality::Important);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn register_check<R: IntoCheckResult>(
        &self,
        name: impl Into<String>,
        check: impl Fn() -> R + Send + Sync + 'static,
    ) -> Result<(), RegisterError> {
        self.register(Check::dependency(name, check))
    }

    /// Registers an async check of a dependency: important, for readiness.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`register_check`](Self::register_check).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Health;
    ///
    /// let health = Health::default();
    /// health.register_async_check("cache", || async { Err::<(), _>("connection refused") })?;
    /// let report = health.run_check("cache")?;
    /// assert_eq!(report.output.as_deref(), Some("connection refused"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    pub fn register_async_check<F>(
        &self,
        name: impl Into<String>,
        check: impl Fn() -> F + Send + Sync + 'static,
    ) -> Result<(), RegisterError>
    where
        F: Future<Output: IntoCheckResult> + Send + 'static,
    {
        self.register(Check::dependency_async(name, check))
    }

    /// Registers a check with its settings.
    ///
    /// # Errors
    ///
    /// Returns a [`RegisterError`] for a name that is taken, or one that names every illegal
    /// setting; nothing is registered then.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, RegisterError};
    ///
    /// let health = Health::default();
    /// health.register(Check::dependency("database", || true).critical().group("storage"))?;
    /// assert_eq!(health.run_check("database")?.group.as_deref(), Some("storage"));
    ///
    /// let wrong = Check::dependency("cache", || true).failure_threshold(0);
    /// assert!(matches!(health.register(wrong), Err(RegisterError::Config(_))));
    /// assert_eq!(health.names(), ["database"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn register<S>(&self, check: Check<S>) -> Result<(), RegisterError> {
        let registered = self.0.checks.add(check.spec);
        match &registered {
            Ok(()) => self.0.wake_background(),
            Err(err) => {
                tracing::warn!(target: TARGET_HEALTH, error = %err, "health check not registered");
            }
        }
        registered
    }

    /// Sets the criticality of a circuit breaker, which is important by default.
    ///
    /// An open breaker is a warning with the time until it admits calls again. An open critical
    /// breaker is a failure: the program is not ready while it is open.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{circuit_breakers, health::{Criticality, Health, HealthConfig, ProbeKind, Status}};
    ///
    /// let health = Health::new(HealthConfig::builder().breakers(true).background(false).build()?);
    /// health.mark_started();
    /// let breaker = circuit_breakers().get_or_create("payments", |b| b)?;
    /// breaker.force_open();
    /// assert_eq!(health.health_status().check("breaker:payments").unwrap().status, Status::Warn);
    ///
    /// health.set_breaker_criticality("payments", Criticality::Critical);
    /// assert_eq!(health.probe(ProbeKind::Readiness).status(), Status::Fail);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn set_breaker_criticality(&self, breaker: impl Into<String>, criticality: Criticality) {
        self.0.breakers.lock().insert(breaker.into(), criticality);
    }

    /// Removes a check and returns `true` if it was registered. A run in progress goes on, and its
    /// result is discarded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Health;
    ///
    /// let health = Health::default();
    /// health.register_check("cache", || true)?;
    /// assert!(health.unregister("cache"));
    /// assert!(!health.unregister("cache"));
    /// assert!(health.run_check("cache").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unregister(&self, name: &str) -> bool {
        self.0.checks.remove(name)
    }

    /// Removes all checks and stops the background runner.
    pub(super) fn clear(&self) {
        self.0.stop_background();
        for name in self.names() {
            self.unregister(&name);
        }
    }

    /// Returns the names of the checks, in the order of their registration.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Health;
    ///
    /// let health = Health::default();
    /// health.register_check("database", || true)?;
    /// health.register_check("cache", || true)?;
    /// assert_eq!(health.names(), ["database", "cache"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0
            .checks
            .all()
            .iter()
            .map(|check| check.name().to_owned())
            .collect()
    }

    /// Runs one check, blocking the thread, and reports the result of that run.
    ///
    /// # Errors
    ///
    /// Returns [`UnknownCheck`] for a name that is not registered. The failure of a check is no
    /// error: the report has it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Status};
    ///
    /// let health = Health::default();
    /// health.register_check("cache", || Err::<(), _>("connection refused"))?;
    /// let report = health.run_check("cache")?;
    /// assert_eq!(report.status, Status::Fail);
    /// assert_eq!(report.output.as_deref(), Some("connection refused"));
    /// assert!(health.run_check("no-such-check").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_check(&self, name: &str) -> Result<CheckReport, UnknownCheck> {
        let check = self.0.checks.get(name)?;
        let mut reports = self.0.run(&[check], Freshness::Now);
        reports.pop().ok_or_else(|| UnknownCheck {
            name: name.to_owned(),
        })
    }

    /// Returns the confirmed status of one entry, of a breaker also where reports leave it out.
    pub(super) fn check(&self, name: &str) -> Option<CheckReport> {
        let breaker =
            breakers::breaker_of_entry(name).and_then(|breaker| self.0.breaker_report(breaker));
        // Otherwise by the name in reports, where a part of the breaker's name may be redacted.
        breaker.or_else(|| self.health_status().check(name).cloned())
    }

    /// Runs every check, blocking the thread until all have returned or the deadline has passed, and
    /// reports the results of that run.
    ///
    /// A check that has not returned by the deadline is reported as failed by timeout.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Health;
    ///
    /// let health = Health::default();
    /// health.register_check("database", || true)?;
    /// health.register_check("cache", || -> bool { panic!("poisoned") })?;
    /// let report = health.run_all_checks();
    /// assert_eq!((report.passed()["database"], report.passed()["cache"]), (true, false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_all_checks(&self) -> HealthReport {
        let checks = self.0.run(&self.0.checks.all(), Freshness::Now);
        self.0.sum_up(checks, Vec::new())
    }

    /// Runs the checks whose result is older than
    /// [`cache_ttl`](super::HealthConfigBuilder::cache_ttl), blocking the thread, and reports as
    /// [`health_status`](Self::health_status) does.
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
    /// health.refresh();
    /// health.refresh();
    /// assert_eq!(health.history("api")?.len(), 1, "the second one uses the result of the first");
    /// clock.advance(Duration::from_secs(2));
    /// health.refresh();
    /// assert_eq!(health.history("api")?.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn refresh(&self) -> HealthReport {
        let (outdated, wanted) = self.0.outdated(|_| true);
        self.0.run(&outdated, wanted);
        self.health_status()
    }

    /// Runs the checks whose period has passed, blocking the thread, and returns their number.
    ///
    /// For programs with their own scheduler; the background runner does the same without blocking.
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
    /// assert_eq!(health.run_due_checks(), 1, "a new check is due at once");
    /// assert_eq!(health.run_due_checks(), 0);
    /// clock.advance(Duration::from_secs(33)); // the period of 30 s and the jitter of 10 %
    /// assert_eq!(health.run_due_checks(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_due_checks(&self) -> usize {
        let due = self.0.take_due();
        self.0.run(&due, Freshness::Now);
        due.len()
    }

    /// Runs one check and reports the result of that run.
    ///
    /// # Errors
    ///
    /// Returns [`UnknownCheck`] for a name that is not registered.
    ///
    /// # Cancel safety
    ///
    /// The run goes on and its result is recorded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Health;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let health = Health::default();
    /// health.register_async_check("cache", || async { Err::<(), _>("connection refused") })?;
    /// let report = health.run_check_async("cache").await?;
    /// assert_eq!(report.output.as_deref(), Some("connection refused"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    pub async fn run_check_async(&self, name: &str) -> Result<CheckReport, UnknownCheck> {
        let check = self.0.checks.get(name)?;
        let mut reports = self.0.run_async(&[check], Freshness::Now).await;
        reports.pop().ok_or_else(|| UnknownCheck {
            name: name.to_owned(),
        })
    }

    /// Runs every check and reports the results of that run, as
    /// [`run_all_checks`](Self::run_all_checks) does.
    ///
    /// # Cancel safety
    ///
    /// The runs go on and their results are recorded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Health;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let health = Health::default();
    /// health.register_async_check("database", || async { true })?;
    /// health.register_check("cache", || false)?;
    /// let report = health.run_all_checks_async().await;
    /// assert_eq!((report.passed()["database"], report.passed()["cache"]), (true, false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    pub async fn run_all_checks_async(&self) -> HealthReport {
        let checks = self.0.run_async(&self.0.checks.all(), Freshness::Now).await;
        self.0.sum_up(checks, Vec::new())
    }

    /// Runs the checks whose result is older than the cache's time to live, as
    /// [`refresh`](Self::refresh) does.
    ///
    /// # Cancel safety
    ///
    /// The runs go on and their results are recorded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{health::{Health, HealthConfig}, time::ManualClock};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let config = HealthConfig::builder().clock(ManualClock::new()); // no result gets old
    /// let health = Health::new(config.build()?);
    /// health.register_async_check("api", || async { true })?;
    /// assert!(health.refresh_async().await.check("api").unwrap().passed());
    /// health.refresh_async().await;
    /// assert_eq!(health.history("api")?.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    pub async fn refresh_async(&self) -> HealthReport {
        self.refresh_some_async(|_| true).await;
        self.health_status()
    }

    /// Runs the checks that `is_wanted` selects and whose result is older than the cache's time to
    /// live.
    #[cfg(feature = "async")]
    pub(crate) async fn refresh_some_async(&self, is_wanted: impl Fn(&super::check::Spec) -> bool) {
        let (outdated, wanted) = self.0.outdated(is_wanted);
        self.0.run_async(&outdated, wanted).await;
    }

    /// Returns the status of every check from memory: after thresholds, with unknown and stale
    /// results as failures. Waits for no check.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{FailureCategory, Health, Status};
    ///
    /// let health = Health::default();
    /// health.register_check("api", || true)?;
    /// assert_eq!(health.health_status().status(), Status::Fail);
    /// assert_eq!(health.health_status().check("api").unwrap().category, Some(FailureCategory::Unknown));
    /// health.run_all_checks();
    /// assert_eq!(health.health_status().status(), Status::Pass);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn health_status(&self) -> HealthReport {
        self.0.report(None, &[])
    }

    /// Returns [`health_status`](Self::health_status) without the checks named in `exclude`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, Status};
    ///
    /// let health = Health::default();
    /// health.register(Check::dependency("cache", || false).critical())?;
    /// health.run_all_checks();
    /// assert_eq!(health.health_status().status(), Status::Fail);
    /// assert_eq!(health.health_status_without(&["cache"]).status(), Status::Pass);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn health_status_without(&self, exclude: &[impl AsRef<str>]) -> HealthReport {
        self.0.report(None, &texts(exclude))
    }

    /// Returns the answer of one kind of probe, from memory.
    ///
    /// * Liveness: the liveness checks, of which an unknown or stale one counts as passed.
    /// * Readiness: the readiness checks; fail before start-up is complete and once the shutdown
    ///   has begun.
    /// * Startup: the startup checks, of which each that has passed once counts as passed; fail
    ///   before start-up is complete.
    /// * Info: the checks that count for no other probe.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, ProbeKind};
    ///
    /// let health = Health::default();
    /// health.register(Check::dependency("database", || false).critical())?;
    /// health.run_all_checks();
    /// assert!(health.probe(ProbeKind::Liveness).is_healthy(), "a restart would not help");
    /// assert!(!health.probe(ProbeKind::Readiness).is_healthy());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn probe(&self, kind: ProbeKind) -> HealthReport {
        self.0.report(Some(kind), &[])
    }

    /// Returns the answer of [`probe`](Self::probe) without the checks named in `exclude`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, ProbeKind};
    ///
    /// let health = Health::default();
    /// health.register(Check::internal("worker", || false).liveness().critical())?;
    /// health.run_all_checks();
    /// assert!(!health.probe(ProbeKind::Liveness).is_healthy());
    /// assert!(health.probe_without(ProbeKind::Liveness, &["worker"]).is_healthy());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn probe_without(&self, kind: ProbeKind, exclude: &[impl AsRef<str>]) -> HealthReport {
        self.0.report(Some(kind), &texts(exclude))
    }

    /// Returns the last results of a check, oldest first.
    ///
    /// # Errors
    ///
    /// Returns [`UnknownCheck`] for a name that is not registered.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Status};
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    ///
    /// let health = Health::default();
    /// let runs = AtomicU32::new(0);
    /// health.register_check("api", move || runs.fetch_add(1, Relaxed) == 0)?; // passes once
    /// health.run_check("api")?;
    /// health.run_check("api")?;
    /// let statuses: Vec<_> = health.history("api")?.iter().map(|result| result.status).collect();
    /// assert_eq!(statuses, [Status::Pass, Status::Fail]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn history(&self, name: &str) -> Result<Vec<Observation>, UnknownCheck> {
        let check = self.0.checks.get(name)?;
        let history = check.history.lock();
        Ok(history.observations.iter().copied().collect())
    }

    /// Returns the last changes of a check's status, oldest first.
    ///
    /// # Errors
    ///
    /// Returns [`UnknownCheck`] for a name that is not registered.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Status};
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    ///
    /// let health = Health::default();
    /// let runs = AtomicU32::new(0);
    /// health.register_check("api", move || runs.fetch_add(1, Relaxed) > 0)?; // fails once
    /// for _ in 0..3 {
    ///     health.run_check("api")?;
    /// }
    /// let changes: Vec<_> = health.status_changes("api")?.iter().map(|to| (to.from, to.to)).collect();
    /// assert_eq!(changes, [(None, Status::Fail), (Some(Status::Fail), Status::Pass)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn status_changes(&self, name: &str) -> Result<Vec<StatusChange>, UnknownCheck> {
        let check = self.0.checks.get(name)?;
        let history = check.history.lock();
        Ok(history.changes.iter().copied().collect())
    }

    /// Returns the phase of the program.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Phase};
    ///
    /// let health = Health::default();
    /// assert_eq!(health.phase(), Phase::Starting);
    /// health.mark_started();
    /// assert_eq!(health.phase(), Phase::Started);
    /// ```
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.0.phase()
    }

    /// Marks start-up as complete: from now on readiness depends on the checks, and the background
    /// runner starts if it is configured. `init_error_system` does this for the process-wide
    /// registry.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, ProbeKind};
    ///
    /// let health = Health::default();
    /// assert!(!health.probe(ProbeKind::Readiness).is_healthy());
    /// health.mark_started();
    /// assert!(health.probe(ProbeKind::Readiness).is_healthy());
    /// assert!(health.is_running_in_background());
    /// ```
    pub fn mark_started(&self) {
        self.0.set_phase(Phase::Started);
        self.0.runner.keep_current_runtime();
        if self.0.runner.config().background
            && let Err(err) = self.start_background()
        {
            tracing::warn!(target: TARGET_HEALTH, error = %err, "health checks do not run in the background");
        }
    }

    /// Marks the program as about to end: it is no longer ready, so that it gets no new work.
    ///
    /// The background runner stops. Checks that wait for a slot, and async checks in progress, since
    /// their runtime must not be dropped while they use it, end as cancelled, which is not recorded.
    /// From now on [`refresh`](Self::refresh) and `refresh_async` answer from memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, ProbeKind};
    ///
    /// let health = Health::default();
    /// health.mark_started();
    /// health.mark_stopping();
    /// assert!(!health.probe(ProbeKind::Readiness).is_healthy());
    /// assert!(health.probe(ProbeKind::Liveness).is_healthy(), "it must not be restarted meanwhile");
    /// assert!(!health.is_running_in_background());
    /// ```
    pub fn mark_stopping(&self) {
        self.0.set_phase(Phase::Stopping);
        self.stop_background();
        self.0.runner.stop();
    }

    /// Starts the background runner, if it is not running: one thread that starts each check when
    /// its period has passed and abandons those that exceed their limit.
    ///
    /// # Errors
    ///
    /// Returns an error if the system gives no thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Health;
    /// use std::sync::mpsc;
    ///
    /// let health = Health::default();
    /// let (sender, ran) = mpsc::channel();
    /// health.register_check("api", move || sender.send(()).is_ok())?;
    /// health.start_background()?;
    /// ran.recv()?; // a new check is due at once
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start_background(&self) -> io::Result<()> {
        self.0.start_background()
    }

    /// Stops the background runner, if it is running. Runs in progress go on.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Health;
    ///
    /// let health = Health::default();
    /// health.mark_started();
    /// health.stop_background();
    /// assert!(!health.is_running_in_background());
    /// ```
    pub fn stop_background(&self) {
        self.0.stop_background();
    }

    /// Returns `true` if the background runner is running.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Health;
    ///
    /// let health = Health::default();
    /// assert!(!health.is_running_in_background());
    /// health.start_background()?;
    /// assert!(health.is_running_in_background());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_running_in_background(&self) -> bool {
        self.0.has_background()
    }

    /// Waits at most `limit` for the async checks that [`mark_stopping`](Self::mark_stopping) has
    /// cancelled, and returns `true` if all have ended.
    #[cfg(feature = "async")]
    pub(crate) fn wait_for_async(&self, limit: std::time::Duration) -> bool {
        self.0.runner.wait_for_async(limit)
    }

    /// Returns the number of checks that hang.
    pub(crate) fn hanging(&self) -> usize {
        self.0
            .checks
            .all()
            .iter()
            .filter(|check| check.hanging_since().is_some())
            .count()
    }
}

fn texts(names: &[impl AsRef<str>]) -> Vec<&str> {
    names.iter().map(AsRef::as_ref).collect()
}

impl Default for Health {
    /// Makes a registry with the default configuration, beside the process-wide one.
    fn default() -> Self {
        Self::new(HealthConfig::default())
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("phase", &self.phase())
            .field(
                "checks",
                &self.names().into_iter().map(GuardName).collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}

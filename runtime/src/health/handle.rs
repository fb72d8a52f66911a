//! The registry of checks.

use super::{
    background::Background,
    check::Check,
    check_list::{RegisterError, UnknownCheck},
    config::HealthConfig,
    global,
    history::{Observation, Transition},
    registered::Want,
    registry::Shared,
    report::{CheckReport, HealthReport, Phase},
    result::IntoCheckResult,
    status::{Criticality, FailureCategory, Kind, Status},
};
use crate::{
    error::ConfigError,
    event::{GuardName, names::TARGET_HEALTH},
    scope,
    time::SharedClock,
};
use std::{
    fmt, io,
    sync::{Arc, OnceLock},
};

/// A registry of health checks; cheap to clone. The process-wide one is
/// [`health_check`](crate::health_check()).
///
/// Checks run outside of every lock, at most [`concurrency`](HealthConfig::concurrency) at once,
/// each within its time limit and each at most once at a time: who asks while it runs shares its
/// result. A check that panics has failed. A check that hangs is given up once and not started
/// again while it hangs.
///
/// * [`health_status`](Self::health_status) and [`probe`](Self::probe) answer from memory, after
///   thresholds and staleness.
/// * [`run_check`](Self::run_check) and [`run_all_checks`](Self::run_all_checks) run checks now and
///   tell what they said now.
/// * [`refresh`](Self::refresh) runs those whose result is older than the cache's time to live.
///
/// # Examples
///
/// ```
/// use gardefou::health::{Health, HealthConfig, Status};
///
/// let health = Health::new(HealthConfig::default())?;
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
pub struct Health(Arc<Shared>);

/// Returns the process-wide registry; inside of a test scope, that of the scope.
///
/// # Examples
///
/// ```
/// let health = gardefou::health_check();
/// health.register_check("custom-service", || true)?;
/// assert_eq!(health.run_all_checks().passed()["custom-service"], true);
/// # Ok::<(), gardefou::health::RegisterError>(())
/// ```
#[must_use]
pub fn health_check() -> &'static Health {
    match scope::part(|_| OfScope(Box::leak(Box::new(declared(SharedClock::current()).0)))) {
        Some(health) => health.0,
        None => &process_wide().0,
    }
}

/// The registry of a test scope, which is handed out for as long as the program runs. It is empty
/// when the scope ends.
struct OfScope(&'static Health);

impl Drop for OfScope {
    fn drop(&mut self) {
        let shared = &self.0.0;
        drop(shared.background.lock().take());
        for entry in &*shared.entries() {
            shared.remove(entry.name());
        }
    }
}

/// The registry, and what is wrong with the checks that were declared with attributes.
fn process_wide() -> &'static (Health, Vec<String>) {
    static GLOBAL: OnceLock<(Health, Vec<String>)> = OnceLock::new();
    GLOBAL.get_or_init(|| declared(SharedClock::default()))
}

/// A registry of the checks that were declared with attributes, and what is wrong with them.
fn declared(clock: SharedClock) -> (Health, Vec<String>) {
    let health = Health::build(HealthConfig::default(), clock, true);
    let refused = global::register_all(&health);
    (health, refused)
}

/// What is wrong with the checks that were declared with attributes.
pub(crate) fn refused_static_checks() -> &'static [String] {
    &process_wide().1
}

impl Health {
    /// Makes a registry of its own, beside the process-wide one.
    ///
    /// # Errors
    ///
    /// Every setting that breaks a rule.
    pub fn new(config: HealthConfig) -> Result<Self, ConfigError> {
        Self::with_clock(config, SharedClock::default())
    }

    /// Makes a registry that reads its time from `clock`.
    ///
    /// On a simulated clock limits and ages follow that clock; who waits looks at it once a
    /// millisecond.
    ///
    /// # Errors
    ///
    /// Every setting that breaks a rule.
    pub fn with_clock(config: HealthConfig, clock: SharedClock) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self::build(config, clock, false))
    }

    fn build(config: HealthConfig, clock: SharedClock, of_process: bool) -> Self {
        Self(Arc::new(Shared::new(config, clock, of_process)))
    }

    /// Returns the configuration.
    #[must_use]
    pub fn config(&self) -> HealthConfig {
        (*self.0.runner.config()).clone()
    }

    /// Replaces the configuration, from the next run on.
    ///
    /// # Errors
    ///
    /// Every setting that breaks a rule; the old configuration stays then.
    pub fn configure(&self, config: HealthConfig) -> Result<(), ConfigError> {
        config.validate()?;
        self.0.runner.set_config(config);
        self.0.look();
        Ok(())
    }

    /// Registers a check of a dependency: important, for readiness. Use
    /// [`register`](Self::register) for more.
    ///
    /// The check returns a `bool`, a `Result` or a [`CheckResult`](super::CheckResult). It runs on
    /// a thread of the registry's own.
    ///
    /// # Errors
    ///
    /// [`RegisterError`] for a name that is taken or illegal (1 to 100 bytes of letters, digits,
    /// `-`, `_`, `.` and inner spaces); nothing is registered then.
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
    /// As [`register_check`](Self::register_check).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, HealthConfig};
    ///
    /// let health = Health::new(HealthConfig::default())?;
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
    /// [`RegisterError`] for a name that is taken, and for every illegal setting; nothing is
    /// registered then.
    pub fn register<S>(&self, check: Check<S>) -> Result<(), RegisterError> {
        let registered = self.add(check);
        match &registered {
            Ok(()) => self.0.look(),
            Err(err) => {
                tracing::warn!(target: TARGET_HEALTH, error = %err, "health check not registered");
            }
        }
        registered
    }

    fn add<S>(&self, check: Check<S>) -> Result<(), RegisterError> {
        check.spec.validate()?;
        self.0.add(check.spec)
    }

    /// Sets how much a circuit breaker matters; important unless it is set.
    ///
    /// An open breaker is a warning with the time after which it lets calls through again; one that
    /// is critical fails, and the program is not ready while it is open.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{circuit_breakers, health::{Criticality, Health, HealthConfig, Kind, Status}};
    ///
    /// let health = Health::new(HealthConfig::default().breakers(true).background(false))?;
    /// health.mark_started();
    /// let breaker = circuit_breakers().get_or_create("ledger", |b| b)?;
    /// breaker.force_open();
    /// assert_eq!(health.health_status().check("breaker:ledger").unwrap().status, Status::Warn);
    ///
    /// health.breaker_criticality("ledger", Criticality::Critical);
    /// assert_eq!(health.probe(Kind::Readiness).status(), Status::Fail);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn breaker_criticality(&self, breaker: impl Into<String>, criticality: Criticality) {
        self.0.breakers.lock().insert(breaker.into(), criticality);
    }

    /// Removes a check and tells whether it was there. A run in progress goes on and counts for
    /// nothing.
    pub fn unregister(&self, name: &str) -> bool {
        self.0.remove(name)
    }

    /// Returns the names of the checks, in the order in which they were registered.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0
            .entries()
            .iter()
            .map(|entry| entry.name().to_owned())
            .collect()
    }

    /// Runs one check now, blocking the thread, and reports what it said now.
    ///
    /// # Errors
    ///
    /// [`UnknownCheck`] for a name that is not registered. A check that fails is no error: look at
    /// the report.
    pub fn run_check(&self, name: &str) -> Result<CheckReport, UnknownCheck> {
        let entry = self.0.entry(name)?;
        let mut reports = self.0.run(&[entry], Want::Now);
        reports.pop().ok_or_else(|| UnknownCheck {
            name: name.to_owned(),
        })
    }

    /// The confirmed result of one entry: a breaker also where the reports have no room for it.
    pub(super) fn check(&self, name: &str) -> Option<CheckReport> {
        let breaker = name
            .strip_prefix("breaker:")
            .and_then(|breaker| self.0.breaker_entry(breaker));
        // By the name that is shown, which may hide a part of the breaker's own.
        breaker.or_else(|| self.health_status().check(name).cloned())
    }

    /// Runs every check now, blocking the thread until the last is back or the deadline has passed,
    /// and reports what they said now.
    ///
    /// One that is not back by the deadline is reported as failed by timeout.
    #[must_use]
    pub fn run_all_checks(&self) -> HealthReport {
        let checks = self.0.run(&self.0.entries(), Want::Now);
        self.0.sum_up(checks, Vec::new())
    }

    /// Runs the checks whose result is older than [`cache_ttl`](HealthConfig::cache_ttl), blocking
    /// the thread, and reports as [`health_status`](Self::health_status) does.
    #[must_use]
    pub fn refresh(&self) -> HealthReport {
        let (old, want) = self.0.old_ones(|_| true);
        self.0.run(&old, want);
        self.health_status()
    }

    /// Runs the checks whose period has passed, blocking the thread, and tells how many those were.
    ///
    /// For programs that bring a scheduler of their own; the background runner does the same
    /// without blocking.
    pub fn run_due_checks(&self) -> usize {
        let due = self.0.take_due();
        self.0.run(&due, Want::Now);
        due.len()
    }

    /// Runs one check now and reports what it said now.
    ///
    /// # Errors
    ///
    /// [`UnknownCheck`] for a name that is not registered.
    ///
    /// # Cancel safety
    ///
    /// The run goes on and its result is recorded.
    #[cfg(feature = "async")]
    pub async fn run_check_async(&self, name: &str) -> Result<CheckReport, UnknownCheck> {
        let entry = self.0.entry(name)?;
        let mut reports = self.0.run_async(&[entry], Want::Now).await;
        reports.pop().ok_or_else(|| UnknownCheck {
            name: name.to_owned(),
        })
    }

    /// Runs every check now and reports what they said now, as
    /// [`run_all_checks`](Self::run_all_checks) does.
    ///
    /// # Cancel safety
    ///
    /// The runs go on and their results are recorded.
    #[cfg(feature = "async")]
    pub async fn run_all_checks_async(&self) -> HealthReport {
        let checks = self.0.run_async(&self.0.entries(), Want::Now).await;
        self.0.sum_up(checks, Vec::new())
    }

    /// Runs the checks whose result is older than the cache's time to live, as
    /// [`refresh`](Self::refresh) does.
    ///
    /// # Cancel safety
    ///
    /// The runs go on and their results are recorded.
    #[cfg(feature = "async")]
    pub async fn refresh_async(&self) -> HealthReport {
        let (old, want) = self.0.old_ones(|_| true);
        self.0.run_async(&old, want).await;
        self.health_status()
    }

    /// Runs the checks whose result is older than the cache's time to live and that `wanted`
    /// chooses.
    #[cfg(feature = "async")]
    pub(crate) async fn refresh_some_async(&self, wanted: impl Fn(&super::check::Spec) -> bool) {
        let (old, want) = self.0.old_ones(wanted);
        self.0.run_async(&old, want).await;
    }

    /// Returns what is known of every check, from memory: after thresholds, with unknown and stale
    /// results as failures. Takes no time that depends on any check.
    #[must_use]
    pub fn health_status(&self) -> HealthReport {
        self.health_status_without(&[])
    }

    /// Returns [`health_status`](Self::health_status) as if the checks named in `exclude` were not
    /// there.
    #[must_use]
    pub fn health_status_without(&self, exclude: &[String]) -> HealthReport {
        let checks = self.0.confirmed(None, exclude);
        self.0.sum_up(checks, self.0.known(exclude))
    }

    /// Returns the answer to one kind of question, from memory.
    ///
    /// * Liveness: the liveness checks; one of which nothing is known, or only something stale,
    ///   speaks for life.
    /// * Readiness: the readiness checks; fail before start-up is complete and once the shutdown
    ///   has begun.
    /// * Startup: the startup checks, of which each that has passed once counts as passed; fail
    ///   before start-up is complete.
    /// * Info: the checks for people.
    #[must_use]
    pub fn probe(&self, kind: Kind) -> HealthReport {
        self.probe_without(kind, &[])
    }

    /// Returns the answer of [`probe`](Self::probe) as if the checks named in `exclude` were not
    /// there.
    #[must_use]
    pub fn probe_without(&self, kind: Kind, exclude: &[String]) -> HealthReport {
        let mut checks = self.0.confirmed(Some(kind), exclude);
        match kind {
            Kind::Liveness => checks.iter_mut().for_each(give_the_benefit_of_the_doubt),
            Kind::Startup => {
                for (check, passed) in checks.iter_mut().zip(self.0.have_passed(exclude)) {
                    if passed {
                        (check.status, check.category, check.weight) =
                            (Status::Pass, None, Status::Pass);
                    }
                }
            }
            Kind::Readiness | Kind::Info => {}
        }
        let mut report = self.0.sum_up(checks, self.0.known(exclude));
        let not_yet = match kind {
            Kind::Readiness => report.phase != Phase::Started,
            Kind::Startup => report.phase == Phase::Starting,
            Kind::Liveness | Kind::Info => false,
        };
        if not_yet {
            report.status = Status::Fail;
        }
        report
    }

    /// Returns the last results of a check, oldest first.
    ///
    /// # Errors
    ///
    /// [`UnknownCheck`] for a name that is not registered.
    pub fn history(&self, name: &str) -> Result<Vec<Observation>, UnknownCheck> {
        let entry = self.0.entry(name)?;
        let track = entry.track.lock();
        Ok(track.history.iter().cloned().collect())
    }

    /// Returns the last changes of a check's status, oldest first.
    ///
    /// # Errors
    ///
    /// [`UnknownCheck`] for a name that is not registered.
    pub fn transitions(&self, name: &str) -> Result<Vec<Transition>, UnknownCheck> {
        let entry = self.0.entry(name)?;
        let track = entry.track.lock();
        Ok(track.transitions.iter().cloned().collect())
    }

    /// Returns how far the program is in its life.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.0.phase()
    }

    /// Says that start-up is complete: readiness now depends on the checks, and the background
    /// runner starts if it is configured. `init_error_system` does this for the process-wide
    /// registry.
    pub fn mark_started(&self) {
        self.0.enter(Phase::Started);
        self.0.runner.settle_here();
        if self.0.runner.config().background
            && let Err(err) = self.start_background()
        {
            tracing::warn!(target: TARGET_HEALTH, error = %err, "health checks do not run in the background");
        }
    }

    /// Says that the program is about to end: it is not ready any more, so that it gets no new
    /// work.
    ///
    /// The background runner stops. Async checks in progress, for their runtime must not go while
    /// they use it, and checks that wait for their turn end as cancelled, which is not recorded.
    /// From now on [`refresh`](Self::refresh) and its kin answer from memory.
    pub fn mark_stopping(&self) {
        self.0.enter(Phase::Stopping);
        self.stop_background();
        self.0.runner.stop();
    }

    /// Starts the background runner, if it is not running: one thread that starts each check when
    /// its period has passed and gives up those that are late.
    ///
    /// # Errors
    ///
    /// Where the system gives no thread.
    pub fn start_background(&self) -> io::Result<()> {
        let mut background = self.0.background.lock();
        if background.is_none() {
            *background = Some(Background::start(Arc::downgrade(&self.0))?);
        }
        Ok(())
    }

    /// Stops the background runner, if it is running. Runs in progress go on.
    pub fn stop_background(&self) {
        drop(self.0.background.lock().take());
    }

    /// Tells whether the background runner is running.
    #[must_use]
    pub fn is_running_in_background(&self) -> bool {
        self.0.background.lock().is_some()
    }

    /// Waits until the async checks that [`mark_stopping`](Self::mark_stopping) has ended are over;
    /// tells whether all are.
    #[cfg(feature = "async")]
    pub(crate) fn wait_for_async(&self, limit: std::time::Duration) -> bool {
        self.0.runner.wait_for_async(limit)
    }

    /// How many checks hang at present.
    pub(crate) fn hanging(&self) -> usize {
        self.0
            .entries()
            .iter()
            .filter(|entry| entry.hanging_since().is_some())
            .count()
    }
}

/// A liveness check of which nothing is known must not get the process killed.
fn give_the_benefit_of_the_doubt(check: &mut CheckReport) {
    if matches!(
        check.category,
        Some(FailureCategory::Unknown | FailureCategory::Stale)
    ) {
        check.weight = Status::Pass;
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

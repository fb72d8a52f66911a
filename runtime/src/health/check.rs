//! A check and its settings, before it is registered.

#[cfg(feature = "async")]
use super::async_run::MakeFuture;
use super::{
    config::common_problems,
    result::{CheckResult, IntoCheckResult},
    status::{Criticality, Kinds, ProbeKind},
};
use crate::{char_boundary::floor_char_boundary, error::ConfigError, event::Shown};
use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

/// Marker of checks of something outside the process: a database, a service, a shared disk.
#[derive(Debug)]
pub enum Dependency {}

/// Marker of checks of the process itself: a deadlocked worker, a poisoned state.
#[derive(Debug)]
pub enum Internal {}

/// Marker of checks that may decide about liveness.
#[diagnostic::on_unimplemented(
    message = "a check of a dependency cannot decide about liveness",
    label = "this check concerns something outside the process",
    note = "a failing liveness probe restarts the process, which does not repair what is outside of it",
    note = "use `Check::internal(..)` if it concerns only the process itself, or add `.liveness_despite_dependency(\"why\")`"
)]
pub trait MayDecideLiveness {}

impl MayDecideLiveness for Internal {}

/// A check with its settings, for [`Health::register`](super::Health::register).
///
/// [`dependency`](Self::dependency) and [`internal`](Check::internal) make checks of different
/// types: only an internal check may decide about liveness.
///
/// # Defaults
///
/// Important, kind readiness, no tags, no group; time limit, period, thresholds and staleness of
/// the registry.
///
/// # Examples
///
/// ```
/// use gardefou::health::{Check, Health, HealthConfig, Status};
///
/// let health = Health::default();
/// health.register(Check::dependency("database", || Err::<(), _>("no route to host")).critical().tag("storage"))?;
/// health.register(Check::internal("worker", || true).liveness())?;
/// assert_eq!(health.run_all_checks().status(), Status::Fail);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A dependency in liveness does not compile:
///
/// ```compile_fail
/// use gardefou::health::Check;
///
/// let check = Check::dependency("database", || true).liveness();
/// ```
#[must_use = "a check does nothing until it is registered"]
pub struct Check<S = Dependency> {
    pub(crate) spec: Spec,
    scope: PhantomData<fn() -> S>,
}

/// The function of a check.
pub(crate) enum Body {
    Sync(Arc<dyn Fn() -> CheckResult + Send + Sync>),
    #[cfg(feature = "async")]
    Async(MakeFuture, Option<tokio::runtime::Handle>),
}

/// Everything that is known of a check but its results.
pub(crate) struct Spec {
    pub(crate) name: Arc<str>,
    pub(crate) body: Body,
    pub(crate) criticality: Criticality,
    pub(crate) kinds: Kinds,
    pub(crate) tags: Vec<String>,
    pub(crate) group: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) period: Option<Duration>,
    pub(crate) failure_threshold: Option<u32>,
    pub(crate) success_threshold: Option<u32>,
    pub(crate) stale_after: Option<Duration>,
    /// Why this check of a dependency counts for liveness.
    pub(crate) liveness_reason: Option<String>,
    /// Problems that a built-in check found in its own settings.
    pub(crate) problems: Vec<ConfigError>,
}

impl Check<Dependency> {
    /// Makes a check of something outside the process.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, ProbeKind};
    ///
    /// let health = Health::default();
    /// health.register(Check::dependency("database", || Err::<(), _>("no route to host")))?;
    /// let report = health.run_check("database")?;
    /// assert_eq!(report.output.as_deref(), Some("no route to host"));
    /// assert_eq!(report.kinds, [ProbeKind::Readiness]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn dependency<R: IntoCheckResult>(
        name: impl Into<String>,
        check: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        Self::of(name.into(), sync_body(check))
    }

    /// Makes an async check of something outside the process.
    ///
    /// It runs on the runtime in which it was made, or on a thread of the registry where there was
    /// none.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health};
    ///
    /// let health = Health::default();
    /// let ping = || async { Err::<(), _>("connection refused") };
    /// health.register(Check::dependency_async("cache", ping))?;
    /// assert_eq!(health.run_check("cache")?.output.as_deref(), Some("connection refused"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    pub fn dependency_async<F>(
        name: impl Into<String>,
        check: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output: IntoCheckResult> + Send + 'static,
    {
        Self::of(name.into(), async_body(check))
    }

    /// Makes the check decide about liveness although it concerns a dependency: the process is
    /// restarted while the dependency is down.
    ///
    /// Reports show the reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, ProbeKind};
    ///
    /// let health = Health::default();
    /// let check = Check::dependency("gpu", || true);
    /// health.register(check.liveness_despite_dependency("only a restart resets the driver"))?;
    /// let report = health.run_check("gpu")?;
    /// assert_eq!(report.kinds, [ProbeKind::Liveness]);
    /// assert_eq!(report.liveness_reason.as_deref(), Some("only a restart resets the driver"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn liveness_despite_dependency(mut self, reason: impl Into<String>) -> Self {
        self.spec.liveness_reason = Some(reason.into());
        self.kind(ProbeKind::Liveness)
    }
}

impl Check<Internal> {
    /// Makes a check of the process itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, ProbeKind};
    ///
    /// let health = Health::default();
    /// health.register(Check::internal("worker", || true).liveness())?;
    /// assert_eq!(health.run_check("worker")?.kinds, [ProbeKind::Liveness]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn internal<R: IntoCheckResult>(
        name: impl Into<String>,
        check: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        Self::of(name.into(), sync_body(check))
    }

    /// Makes an async check of the process itself; it runs where
    /// [`dependency_async`](Check::dependency_async) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, CheckResult, Health, ProbeKind, Status};
    ///
    /// let health = Health::default();
    /// let inbox = || async { CheckResult::warn("half full") };
    /// health.register(Check::internal_async("inbox", inbox).liveness())?;
    /// let report = health.run_check("inbox")?;
    /// assert_eq!((report.status, report.kinds), (Status::Warn, vec![ProbeKind::Liveness]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    pub fn internal_async<F>(
        name: impl Into<String>,
        check: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output: IntoCheckResult> + Send + 'static,
    {
        Self::of(name.into(), async_body(check))
    }
}

fn sync_body<R: IntoCheckResult>(check: impl Fn() -> R + Send + Sync + 'static) -> Body {
    Body::Sync(Arc::new(move || check().into_check_result()))
}

#[cfg(feature = "async")]
fn async_body<F>(check: impl Fn() -> F + Send + Sync + 'static) -> Body
where
    F: Future<Output: IntoCheckResult> + Send + 'static,
{
    let make: MakeFuture = Arc::new(move || {
        let run = check();
        Box::pin(async move { run.await.into_check_result() })
    });
    Body::Async(make, tokio::runtime::Handle::try_current().ok())
}

impl<S> Check<S> {
    fn of(name: String, body: Body) -> Self {
        let spec = Spec {
            name: name.into(),
            body,
            criticality: Criticality::default(),
            kinds: Kinds::default(),
            tags: Vec::new(),
            group: None,
            timeout: None,
            period: None,
            failure_threshold: None,
            success_threshold: None,
            stale_after: None,
            liveness_reason: None,
            problems: Vec::new(),
        };
        Self {
            spec,
            scope: PhantomData,
        }
    }

    /// Sets how much the check matters.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Criticality, Health, Status};
    ///
    /// let health = Health::default();
    /// let cache = Check::dependency("cache", || false);
    /// health.register(cache.criticality(Criticality::Informational))?;
    /// assert_eq!(health.run_all_checks().status(), Status::Pass);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn criticality(mut self, criticality: Criticality) -> Self {
        self.spec.criticality = criticality;
        self
    }

    /// Makes the check critical: while it fails, the program is not ready.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, Status};
    ///
    /// let health = Health::default();
    /// health.register(Check::dependency("search", || false))?;
    /// assert_eq!(health.run_all_checks().status(), Status::Warn);
    /// health.register(Check::dependency("database", || false).critical())?;
    /// assert_eq!(health.run_all_checks().status(), Status::Fail);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn critical(self) -> Self {
        self.criticality(Criticality::Critical)
    }

    /// Makes the check informational: reported, never counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, Status};
    ///
    /// let health = Health::default();
    /// health.register(Check::dependency("mirror", || false).informational())?;
    /// let report = health.run_all_checks();
    /// assert_eq!(report.check("mirror").unwrap().status, Status::Fail);
    /// assert_eq!(report.status(), Status::Pass);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn informational(self) -> Self {
        self.criticality(Criticality::Informational)
    }

    pub(crate) fn with_problems(mut self, problems: impl IntoIterator<Item = ConfigError>) -> Self {
        self.spec.problems.extend(problems);
        self
    }

    fn kind(mut self, kind: ProbeKind) -> Self {
        self.spec.kinds = self.spec.kinds.with(kind);
        self
    }

    /// Makes the check count for liveness. Kinds add up; setting one replaces the default.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, ProbeKind, Status};
    ///
    /// let health = Health::default();
    /// health.register(Check::internal("worker", || false).liveness().critical())?;
    /// health.run_all_checks();
    /// assert_eq!(health.probe(ProbeKind::Liveness).status(), Status::Fail);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn liveness(self) -> Self
    where
        S: MayDecideLiveness,
    {
        self.kind(ProbeKind::Liveness)
    }

    /// Makes the check count for readiness, as it does by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, ProbeKind};
    ///
    /// let health = Health::default();
    /// health.register(Check::internal("worker", || true).liveness().readiness())?;
    /// let kinds = health.run_check("worker")?.kinds;
    /// assert_eq!(kinds, [ProbeKind::Liveness, ProbeKind::Readiness]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn readiness(self) -> Self {
        self.kind(ProbeKind::Readiness)
    }

    /// Makes the check count for startup: once it has passed, it stays passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, ProbeKind};
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    ///
    /// # let config = gardefou::health::HealthConfig::builder().background(false).build()?;
    /// # let health = Health::new(config);
    /// let runs = AtomicU32::new(0);
    /// let passes_once = move || runs.fetch_add(1, Relaxed) == 0;
    /// health.register(Check::internal("migrations", passes_once).critical().startup())?;
    /// health.mark_started();
    /// assert!(health.run_check("migrations")?.passed());
    /// assert!(!health.run_check("migrations")?.passed());
    /// assert!(health.probe(ProbeKind::Startup).is_healthy());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn startup(self) -> Self {
        self.kind(ProbeKind::Startup)
    }

    /// Makes the check count for no probe: it is reported for people.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, CheckResult, Health, ProbeKind, Status};
    ///
    /// let health = Health::default();
    /// let check = Check::internal("certificate", || CheckResult::warn("expires in 20 days"));
    /// health.register(check.info())?;
    /// health.run_all_checks();
    /// assert!(health.probe(ProbeKind::Readiness).check("certificate").is_none());
    /// assert_eq!(health.probe(ProbeKind::Info).status(), Status::Warn);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn info(self) -> Self {
        self.kind(ProbeKind::Info)
    }

    /// Adds a tag, for display and filters.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health};
    ///
    /// let health = Health::default();
    /// health.register(Check::dependency("database", || true).tag("sql").tag("primary"))?;
    /// assert_eq!(health.run_check("database")?.tags, ["sql", "primary"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.spec.tags.push(tag.into());
        self
    }

    /// Sets the group of the check, for example `storage`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health};
    ///
    /// let health = Health::default();
    /// health.register(Check::dependency("database", || true).group("storage"))?;
    /// assert_eq!(health.run_check("database")?.group.as_deref(), Some("storage"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.spec.group = Some(group.into());
        self
    }

    /// Sets the time limit of a run; above zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, FailureCategory, Health};
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
    /// let health = Health::default();
    /// let hangs = Check::dependency_async("archive", std::future::pending::<bool>);
    /// health.register(hangs.timeout(Duration::from_secs(2)))?;
    /// let report = health.run_check_async("archive").await?;
    /// assert_eq!(report.category, Some(FailureCategory::Timeout));
    /// assert_eq!(report.output.as_deref(), Some("took longer than 2s"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.spec.timeout = Some(timeout);
        self
    }

    /// Sets the time between two runs in the background; at least 10 ms.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{health::{Check, Health, HealthConfig}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let health = Health::new(HealthConfig::builder().jitter(0.0).clock(clock.clone()).build()?);
    /// health.register(Check::dependency("queue", || true).period(Duration::from_secs(5)))?;
    /// assert_eq!(health.run_due_checks(), 1);
    /// clock.advance(Duration::from_secs(4));
    /// assert_eq!(health.run_due_checks(), 0);
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(health.run_due_checks(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn period(mut self, period: Duration) -> Self {
        self.spec.period = Some(period);
        self
    }

    /// Sets how many failures in a row change the status from pass to fail; at least 1.
    ///
    /// The first result takes effect at once: a check that has never passed is not taken to pass.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, Status};
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    ///
    /// let health = Health::default();
    /// let runs = AtomicU32::new(0);
    /// let passes_once = move || runs.fetch_add(1, Relaxed) == 0;
    /// health.register(Check::dependency("api", passes_once).failure_threshold(2))?;
    /// let status = |_| {
    ///     health.run_all_checks();
    ///     health.health_status().check("api").unwrap().status
    /// };
    /// assert_eq!([1, 2, 3].map(status), [Status::Pass, Status::Pass, Status::Fail]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn failure_threshold(mut self, failures: u32) -> Self {
        self.spec.failure_threshold = Some(failures);
        self
    }

    /// Sets how many successes in a row change the status from fail to pass; at least 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, Health, Status};
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    ///
    /// let health = Health::default();
    /// let runs = AtomicU32::new(0);
    /// let fails_once = move || runs.fetch_add(1, Relaxed) > 0;
    /// health.register(Check::dependency("api", fails_once).success_threshold(2))?;
    /// let status = |_| {
    ///     health.run_all_checks();
    ///     health.health_status().check("api").unwrap().status
    /// };
    /// assert_eq!([1, 2, 3].map(status), [Status::Fail, Status::Fail, Status::Pass]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn success_threshold(mut self, successes: u32) -> Self {
        self.spec.success_threshold = Some(successes);
        self
    }

    /// Sets the age at which a result becomes stale; above zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{health::{Check, FailureCategory, Health, HealthConfig}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let health = Health::new(HealthConfig::builder().clock(clock.clone()).build()?);
    /// health.register(Check::dependency("feed", || true).stale_after(Duration::from_secs(20)))?;
    /// assert!(health.run_check("feed")?.passed());
    /// clock.advance(Duration::from_secs(21));
    /// let report = health.health_status();
    /// assert_eq!(report.check("feed").unwrap().category, Some(FailureCategory::Stale));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stale_after(mut self, age: Duration) -> Self {
        self.spec.stale_after = Some(age);
        self
    }
}

impl<S> fmt::Debug for Check<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &Shown(&self.spec.name))
            .finish_non_exhaustive()
    }
}

impl Spec {
    /// Checks the settings and the name.
    ///
    /// # Errors
    ///
    /// Returns an error that names every problem.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let mut problems = self.problems.clone();
        if let Some(rule) = name_problem(&self.name) {
            problems.push(ConfigError::new(
                "name",
                format_args!("{:?}", shortened(&self.name)),
                rule,
            ));
        }
        problems.extend(common_problems(
            self.period,
            self.timeout,
            self.failure_threshold,
            self.success_threshold,
        ));
        if let Some(age) = self.stale_after.filter(Duration::is_zero) {
            let age = format_args!("{age:?}");
            problems.push(ConfigError::new("stale_after", age, "must be above zero"));
        }
        ConfigError::join(problems).map_or(Ok(()), Err)
    }

    pub(crate) fn kinds(&self) -> Kinds {
        if self.kinds == Kinds::default() {
            Kinds::default().with(ProbeKind::Readiness)
        } else {
            self.kinds
        }
    }
}

/// Returns the rule that a name breaks. Names are part of URLs, queries and log lines.
fn name_problem(name: &str) -> Option<&'static str> {
    let legal = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    if name.is_empty() || name.len() > LONGEST_NAME {
        Some("must be 1 to 100 bytes long")
    } else if name.starts_with(' ') || name.ends_with(' ') {
        Some("must neither begin nor end with a space")
    } else if !name.chars().all(legal) {
        Some("must consist of letters, digits, `-`, `_`, `.` and spaces")
    } else {
        None
    }
}

fn shortened(name: &str) -> &str {
    name.get(..floor_char_boundary(name, LONGEST_NAME))
        .unwrap_or(name)
}

const LONGEST_NAME: usize = 100;

//! A check and its settings, before it is registered.

#[cfg(feature = "async")]
use super::async_run::MakeFuture;
use super::{
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
#[derive(Clone)]
pub(crate) enum Body {
    Sync(Arc<dyn Fn() -> CheckResult + Send + Sync>),
    #[cfg(feature = "async")]
    Async(MakeFuture, Option<tokio::runtime::Handle>),
}

/// Everything that is known of a check but its results.
#[derive(Clone)]
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
    pub fn liveness_despite_dependency(mut self, reason: impl Into<String>) -> Self {
        self.spec.liveness_reason = Some(reason.into());
        self.kind(ProbeKind::Liveness)
    }
}

impl Check<Internal> {
    /// Makes a check of the process itself.
    pub fn internal<R: IntoCheckResult>(
        name: impl Into<String>,
        check: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        Self::of(name.into(), sync_body(check))
    }

    /// Makes an async check of the process itself; it runs where
    /// [`dependency_async`](Check::dependency_async) does.
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
    use futures::FutureExt;
    let make: MakeFuture =
        Arc::new(move || Box::pin(check().map(IntoCheckResult::into_check_result)));
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
    pub fn criticality(mut self, criticality: Criticality) -> Self {
        self.spec.criticality = criticality;
        self
    }

    /// Makes the check critical: while it fails, the program is not ready.
    pub fn critical(self) -> Self {
        self.criticality(Criticality::Critical)
    }

    /// Makes the check informational: reported, never counted.
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
    pub fn liveness(self) -> Self
    where
        S: MayDecideLiveness,
    {
        self.kind(ProbeKind::Liveness)
    }

    /// Makes the check count for readiness, as it does by default.
    pub fn readiness(self) -> Self {
        self.kind(ProbeKind::Readiness)
    }

    /// Makes the check count for startup: once it has passed, it stays passed.
    pub fn startup(self) -> Self {
        self.kind(ProbeKind::Startup)
    }

    /// Makes the check count for no probe: it is reported for people.
    pub fn info(self) -> Self {
        self.kind(ProbeKind::Info)
    }

    /// Adds a tag, for display and filters.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.spec.tags.push(tag.into());
        self
    }

    /// Sets the group of the check, for example `storage`.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.spec.group = Some(group.into());
        self
    }

    /// Sets the time limit of a run; above zero.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.spec.timeout = Some(timeout);
        self
    }

    /// Sets the time between two runs in the background; at least 10 ms.
    pub fn period(mut self, period: Duration) -> Self {
        self.spec.period = Some(period);
        self
    }

    /// Sets how many failures in a row change the status from pass to fail; at least 1.
    ///
    /// The first result takes effect at once: a check that has never passed is not taken to pass.
    pub fn failure_threshold(mut self, failures: u32) -> Self {
        self.spec.failure_threshold = Some(failures);
        self
    }

    /// Sets how many successes in a row change the status from fail to pass; at least 1.
    pub fn success_threshold(mut self, successes: u32) -> Self {
        self.spec.success_threshold = Some(successes);
        self
    }

    /// Sets the age at which a result becomes stale; above zero.
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
        for (field, value) in [("timeout", self.timeout), ("stale_after", self.stale_after)] {
            if let Some(value) = value.filter(Duration::is_zero) {
                problems.push(ConfigError::new(
                    field,
                    format_args!("{value:?}"),
                    "must be above zero",
                ));
            }
        }
        if let Some(period) = self
            .period
            .filter(|period| *period < Duration::from_millis(10))
        {
            problems.push(ConfigError::new(
                "period",
                format_args!("{period:?}"),
                "must be at least 10ms",
            ));
        }
        let thresholds = [
            ("failure_threshold", self.failure_threshold),
            ("success_threshold", self.success_threshold),
        ];
        for (field, value) in thresholds {
            if value == Some(0) {
                problems.push(ConfigError::new(field, 0, "must be at least 1"));
            }
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

//! Check of the circuit breakers of a group.

use crate::{
    breaker::{BreakerRegistry, CircuitState, circuit_breakers},
    error::ConfigError,
    event::Shown,
    health::{check::Check, result::CheckResult},
};
use std::fmt;

/// A check that fails while every circuit of a group is open: no replica of a database is left, or
/// no provider of payments. It warns while some are open.
///
/// A breaker that no call has created yet counts as closed.
///
/// # Defaults
///
/// Critical, for readiness, with failure threshold 1, since a breaker has its own. Registering a
/// group without names is an error.
///
/// # Examples
///
/// ```
/// use gardefou::circuit_breakers;
/// use gardefou::health::{Health, HealthConfig, Status, builtin::BreakerGroup};
///
/// let health = Health::default();
/// health.register(BreakerGroup::new("storage", ["primary", "replica"]).check())?;
/// assert_eq!(health.run_check("storage")?.status, Status::Pass);
///
/// let open = |name| circuit_breakers().get_or_create(name, |b| b).map(|breaker| breaker.force_open());
/// open("primary")?;
/// assert_eq!(health.run_check("storage")?.status, Status::Warn);
/// open("replica")?;
/// let report = health.run_check("storage")?;
/// assert_eq!((report.status, report.output.as_deref()), (Status::Fail, Some("all of 2 circuits are open: primary, replica")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a check does nothing until it is registered"]
pub struct BreakerGroup {
    name: String,
    breakers: Vec<String>,
}

impl fmt::Debug for BreakerGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let breakers: Vec<_> = self.breakers.iter().map(|breaker| Shown(breaker)).collect();
        f.debug_struct("BreakerGroup")
            .field("name", &Shown(&self.name))
            .field("breakers", &breakers)
            .finish()
    }
}

impl BreakerGroup {
    /// Makes a group of breakers by their names; the first name is that of the check.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, builtin::BreakerGroup};
    ///
    /// let health = Health::default();
    /// health.register(BreakerGroup::new("storage", ["primary", "replica"]).check())?;
    /// let none: [&str; 0] = [];
    /// let err = health.register(BreakerGroup::new("empty", none).check()).unwrap_err();
    /// assert!(err.to_string().contains("must name at least one breaker"));
    /// assert_eq!(health.names(), ["storage"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        name: impl Into<String>,
        breakers: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            name: name.into(),
            breakers: breakers.into_iter().map(Into::into).collect(),
        }
    }

    /// Makes the check.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Criticality, Health, builtin::BreakerGroup};
    ///
    /// let health = Health::default();
    /// health.register(BreakerGroup::new("payment", ["visa", "sepa"]).check())?;
    /// let report = health.run_check("payment")?;
    /// assert_eq!(report.criticality, Criticality::Critical);
    /// assert_eq!(report.group.as_deref(), Some("circuit-breaker"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check(self) -> Check {
        let Self { name, breakers } = self;
        let problem = breakers
            .is_empty()
            .then(|| ConfigError::new("breakers", "[]", "must name at least one breaker"));
        Check::dependency(name, move || evaluate(circuit_breakers(), &breakers))
            .critical()
            .failure_threshold(1)
            .group("circuit-breaker")
            .with_problems(problem)
    }
}

fn evaluate(registry: &BreakerRegistry, breakers: &[String]) -> CheckResult {
    let is_open = |name: &&String| {
        let state = registry.get(name).map(|breaker| breaker.state());
        // Of breakers by key, none must be left that admits calls.
        let all_keys = registry.get_keyed(name).map(|keyed| keyed.rejecting());
        matches!(state, Some(CircuitState::Open | CircuitState::ForcedOpen))
            || matches!(all_keys, Some((all, open)) if all > 0 && open == all)
    };
    let open: Vec<&str> = breakers
        .iter()
        .filter(is_open)
        .map(String::as_str)
        .collect();
    let (all, names) = (breakers.len(), open.join(", "));
    match open.len() {
        0 => CheckResult::pass(),
        n if n == all => CheckResult::fail(format!("all of {all} circuits are open: {names}")),
        n => CheckResult::warn(format!("{n} of {all} circuits are open: {names}")),
    }
}

//! The status of a rule.

use super::fault::Fault;
use crate::{error::Policy, event::GuardName};
use std::fmt;

/// A rule that is on, and what it has injected so far.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, breaker::CircuitBreaker, chaos};
///
/// let breaker = CircuitBreaker::builder("rule-status").build()?;
/// let rule = chaos::inject("rule-status").error(1.0).seed(7).start()?;
/// assert!(breaker.call(|| Ok::<_, AppError>(())).is_err());
/// let status = rule.status();
/// assert_eq!((status.name(), status.seed, status.calls), ("rule-status", 7, 1));
/// assert_eq!(status.injected.total(), 1);
/// # Ok::<(), gardefou::AppError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RuleStatus {
    pub(super) name: GuardName<Box<str>>,
    /// The kind of guard that the rule is limited to; `None` for every guard with the name.
    pub policy: Option<Policy>,
    /// The seed, by which the same faults can be injected again.
    pub seed: u64,
    /// The faults, each with the share of calls that get it.
    pub faults: Vec<(Fault, f64)>,
    /// How many calls the rule was asked about.
    pub calls: u64,
    /// How many faults of each kind were injected.
    pub injected: InjectedCounts,
}

impl RuleStatus {
    /// Returns the name of the guards.
    ///
    /// # Examples
    ///
    /// ```
    /// let rule = gardefou::chaos::inject("rule-status-name").hang(0.1).start()?;
    /// assert_eq!(rule.status().name(), "rule-status-name");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// How many faults of each kind a rule has injected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InjectedCounts {
    /// Calls that failed.
    pub errors: u64,
    /// Calls that were delayed.
    pub latencies: u64,
    /// Calls that hung.
    pub hangs: u64,
    /// Calls that panicked.
    pub panics: u64,
}

impl InjectedCounts {
    /// Returns how many faults were injected.
    ///
    /// # Examples
    ///
    /// ```
    /// let rule = gardefou::chaos::inject("injected-total").latency(0.1, std::time::Duration::from_secs(1)).start()?;
    /// assert_eq!(rule.status().injected.total(), 0, "nothing was called");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.errors + self.latencies + self.hangs + self.panics
    }
}

impl fmt::Display for InjectedCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            errors,
            latencies,
            hangs,
            panics,
        } = self;
        write!(
            f,
            "errors: {errors}, latencies: {latencies}, hangs: {hangs}, panics: {panics}"
        )
    }
}

//! Handles of rules that are on.

use super::{
    rule::{Rule, RuleConfig},
    rules::Rules,
    snapshot::RuleStatus,
};
use crate::{
    error::redact,
    event::{self, names::TARGET_CHAOS},
};
use std::{
    fmt,
    sync::{Arc, Weak},
};

/// Keeps a rule on; dropping it ends the rule.
///
/// # Examples
///
/// ```
/// use gardefou::chaos;
///
/// let rule = chaos::inject("chaos-guard").error(0.1).start()?;
/// assert_eq!(chaos::active().len(), 1);
/// drop(rule);
/// assert!(chaos::active().is_empty());
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[must_use = "dropping it ends the rule at once"]
pub struct ChaosGuard {
    rules: Weak<Rules>,
    rule: Arc<Rule>,
}

impl ChaosGuard {
    /// Starts a rule.
    pub(crate) fn start(config: RuleConfig) -> Self {
        let (rules, rule) = (Rules::current(), Arc::new(Rule::new(config)));
        rules.add(&rule);
        let name = redact::name(&rule.config.name);
        let name = &*name;
        let what = What(&rule.config);
        if tracing::enabled!(target: TARGET_CHAOS, tracing::Level::WARN) {
            tracing::event!(target: TARGET_CHAOS,tracing::Level::WARN, chaos.guard = name, "chaos is on: {what}");
        } else if !crate::scope::is_entered() {
            event::to_stderr(format_args!("chaos is on: {what}"));
        }
        Self {
            rules: Arc::downgrade(&rules),
            rule,
        }
    }

    /// Returns the rule's settings, and what it has injected so far. It stays after the rule was
    /// ended by [`stop_all`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, chaos, timeout::Timeout};
    /// use std::time::Duration;
    ///
    /// let timeout = Timeout::builder("status").limit(Duration::from_secs(1)).build()?;
    /// let rule = chaos::inject("status").error(1.0).start()?;
    /// assert!(timeout.call(|| Ok::<_, AppError>(())).is_err());
    /// assert_eq!((rule.status().calls, rule.status().injected.errors), (1, 1));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> RuleStatus {
        self.rule.status()
    }

    /// Keeps the rule on until [`stop_all`], or until the process or its test scope ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::chaos;
    ///
    /// chaos::inject("forever").error(0.1).start()?.forever();
    /// assert_eq!(chaos::active().len(), 1);
    /// chaos::stop_all();
    /// assert!(chaos::active().is_empty());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn forever(mut self) {
        self.rules = Weak::new();
    }
}

impl Drop for ChaosGuard {
    fn drop(&mut self) {
        if let Some(rules) = self.rules.upgrade()
            && rules.remove(&self.rule)
        {
            log_end(&self.rule);
        }
    }
}

impl fmt::Debug for ChaosGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChaosGuard")
            .field("rule", &self.rule.config)
            .finish_non_exhaustive()
    }
}

/// Returns the rules that are on, in the order in which they began: those of the test scope that
/// this thread is in, or else those of the process.
///
/// # Examples
///
/// ```
/// use gardefou::{chaos, error::Policy};
///
/// let _slow = chaos::inject("search").policy(Policy::Timeout).hang(0.2).start()?;
/// let _broken = chaos::inject("search").error(0.1).start()?;
/// let policies: Vec<_> = chaos::active().iter().map(|rule| rule.policy).collect();
/// assert_eq!(policies, [Some(Policy::Timeout), None]);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[must_use]
pub fn active() -> Vec<RuleStatus> {
    let rules = Rules::current().all();
    rules.iter().map(|rule| rule.status()).collect()
}

/// Ends every rule of the test scope that this thread is in, or else of the process.
///
/// Calls that hang or are delayed by a fault that was injected before stay so.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, chaos, timeout::Timeout};
/// use std::time::Duration;
///
/// let timeout = Timeout::builder("stop-all").limit(Duration::from_secs(1)).build()?;
/// let rule = chaos::inject("stop-all").error(1.0).start()?;
/// chaos::stop_all();
/// assert!(timeout.call(|| Ok::<_, AppError>(())).is_ok());
/// # Ok::<(), gardefou::AppError>(())
/// ```
pub fn stop_all() {
    for rule in Rules::current().take_all() {
        log_end(&rule);
    }
}

fn log_end(rule: &Rule) {
    let (name, status) = (redact::name(&rule.config.name), rule.status());
    let name = &*name;
    let (calls, injected) = (status.calls, status.injected);
    tracing::event!(
        target: TARGET_CHAOS,
        tracing::Level::WARN,
        chaos.guard = name,
        "chaos at `{name}` is over: {calls} calls, {injected}"
    );
}

/// What a rule does, in one line.
struct What<'a>(&'a RuleConfig);

impl fmt::Display for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RuleConfig {
            name,
            policy,
            seed,
            faults,
        } = self.0;
        for (i, (fault, share)) in faults.iter().enumerate() {
            let separator = if i == 0 { "" } else { ", " };
            write!(f, "{separator}{fault} for {share} of the calls")?;
        }
        write!(f, " at `{}`", redact::name(name))?;
        if let Some(policy) = policy {
            write!(f, " ({policy})")?;
        }
        write!(f, ", seed {seed}")
    }
}

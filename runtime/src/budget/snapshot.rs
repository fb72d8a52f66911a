//! Snapshot of a retry budget.

use super::config::RetryBudgetConfig;
use crate::event::GuardName;
use std::fmt;

/// Everything that is known about a budget at one moment.
///
/// # Examples
///
/// ```
/// use gardefou::retry::RetryBudget;
///
/// let tenants = RetryBudget::builder().name("snapshot-example").burst(5).floor(0).build_keyed()?;
/// assert!(tenants.get("acme").try_withdraw());
/// let all = tenants.snapshots();
/// assert_eq!(all[0].name.as_deref(), Some("snapshot-example[acme]"));
/// assert_eq!((all[0].available, all[0].config.burst), (4, 5));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct RetryBudgetSnapshot {
    /// The name of the budget, if it has one, as it was given; `Debug` shows no secret in it.
    pub name: Option<String>,
    /// How many retries the calls so far allow; the floor is added to that.
    pub available: u64,
    /// The configuration.
    pub config: RetryBudgetConfig,
}

impl fmt::Debug for RetryBudgetSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBudgetSnapshot")
            .field("name", &self.name.as_ref().map(GuardName))
            .field("available", &self.available)
            .field("config", &self.config)
            .finish()
    }
}

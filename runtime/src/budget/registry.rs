//! Budgets by name, and the default one.

use super::{default, handle, handle::RetryBudget, keyed, snapshot::RetryBudgetSnapshot};
use crate::{keyed::Keyed, registry::ByName};
use std::{fmt, sync::Arc};

/// Returns the budgets that the whole process shares: the default one, and those with a name; inside
/// of a test scope, those of the scope.
///
/// # Examples
///
/// ```
/// use gardefou::retry::{RetryBudget, retry_budgets};
///
/// RetryBudget::builder().name("budgets-example").burst(5).floor(0).build()?;
/// let all = retry_budgets().snapshots();
/// assert_eq!(all[0].name, None, "the default budget is the first one");
/// assert!(all.iter().any(|budget| budget.name.as_deref() == Some("budgets-example")));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[must_use]
#[inline]
pub fn retry_budgets() -> RetryBudgets {
    RetryBudgets {
        default: default::current(),
        unkeyed: ByName::current(&handle::NAMED),
        keyed: ByName::current(&keyed::NAMED),
    }
}

/// Budgets by name; what [`retry_budgets`] returns.
#[derive(Clone)]
pub struct RetryBudgets {
    default: RetryBudget,
    unkeyed: Arc<ByName<RetryBudget>>,
    keyed: Arc<ByName<Keyed<RetryBudget>>>,
}

// Inline, like all that makes or lists guards by key: compiled only into programs that call it.
impl RetryBudgets {
    /// Returns the budget of that name: `search`, or `search[acme]` for the one of a key. Makes none.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{RetryBudget, retry_budgets};
    ///
    /// assert!(retry_budgets().get("budgets-get-example").is_none());
    /// let named = RetryBudget::named("budgets-get-example")?;
    /// assert!(retry_budgets().get("budgets-get-example").unwrap().is_same_as(&named));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<RetryBudget> {
        self.unkeyed
            .get(name)
            .or_else(|| self.keyed.guard_of_key(name))
    }

    /// Returns a snapshot of the default budget, then of each one with a name in the order of their
    /// names, and then of each one of a key.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::{RetryBudget, retry_budgets};
    ///
    /// let tenants = RetryBudget::builder().name("budgets-by-tenant").floor(0).build_keyed()?;
    /// assert!(tenants.get("acme").try_withdraw());
    /// let last = retry_budgets().snapshots().pop().unwrap();
    /// assert_eq!(last.name.as_deref(), Some("budgets-by-tenant[acme]"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn snapshots(&self) -> Vec<RetryBudgetSnapshot> {
        let mut all = vec![self.default.clone()];
        all.append(&mut self.unkeyed.all());
        all.append(&mut self.keyed.guards_of_keys());
        all.iter().map(RetryBudget::snapshot).collect()
    }
}

impl fmt::Debug for RetryBudgets {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names may come from data.
        f.debug_struct("RetryBudgets")
            .field("budgets", &self.unkeyed.all().len())
            .field("keyed", &self.keyed.all().len())
            .finish_non_exhaustive()
    }
}

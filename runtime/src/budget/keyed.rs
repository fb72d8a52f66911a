//! Budgets by key.

use super::{
    builder::{RetryBudgetBuilder, warn_of_difference},
    config::RetryBudgetConfig,
    handle::{BudgetInner, RetryBudget},
    snapshot::RetryBudgetSnapshot,
};
#[cfg(feature = "config")]
use crate::overrides::remember_keyed;
use crate::{
    error::ConfigError,
    keyed::{Evictable, FORGOTTEN_AFTER, Keyed, KeyedName},
    registry::{ByName, OfProcess},
    time::{SharedClock, Tick},
};
use std::{sync::Arc, time::Duration};

/// The named budgets by key of the process; bounded by the names in the program.
pub(super) static NAMED: OfProcess<Keyed<RetryBudget>> = OfProcess::new();

/// What budgets by key are listed under that have no name.
const UNNAMED: &str = "budget";

/// What a budget is made from, that of each key too.
#[derive(Clone, Debug)]
pub struct KeyedRecipe {
    pub(super) config: RetryBudgetConfig,
    pub(super) clock: SharedClock,
}

impl KeyedRecipe {
    pub(super) fn budget(&self, name: KeyedName) -> RetryBudget {
        RetryBudget(Arc::new(BudgetInner::new(
            name,
            self.config,
            self.clock.clone(),
        )))
    }
}

// Inline, like all that makes or lists guards by key: compiled only into programs that call it.
impl RetryBudgetBuilder {
    /// Makes a budget for each key, or returns those that have the [`name`](Self::name) in the whole
    /// process already; inside of a test scope they are those of the scope. Without a name, they share
    /// nothing with others.
    ///
    /// The budget of a key is made, full, at the first lookup of it, and listed as `payments[acme]`. If
    /// those of the name were configured otherwise, the first configuration stays and a warning is
    /// logged. A budget without keys of the same name is another one.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and a number of keys outside 1 to 1,000,000.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::{Retry, RetryBudget}, time::ManualClock};
    ///
    /// let tenants = RetryBudget::builder().burst(2).floor(0).build_keyed()?;
    /// let retry = Retry::builder().max_retries(5).clock(ManualClock::new()).build()?;
    /// let runs_of = |tenant: &str| {
    ///     let mut runs = 0;
    ///     let _ = retry.with_budget(tenants.get(tenant)).call(|| { runs += 1; Err::<(), _>("down") });
    ///     runs
    /// };
    /// assert_eq!([runs_of("acme"), runs_of("acme"), runs_of("globex")], [3, 1, 3]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    pub fn build_keyed(self) -> Result<Keyed<RetryBudget>, ConfigError> {
        if !self.is_named() {
            return self.build_own_keyed(UNNAMED);
        }
        #[cfg(feature = "config")]
        let (this, code, configured) = self.configured();
        #[cfg(not(feature = "config"))]
        let this = self;
        let made = this.build_own_keyed(UNNAMED)?;
        let shared = ByName::current(&NAMED).get_or_insert(made.name(), made.clone());
        if (shared.config(), shared.max_keys()) != (made.config(), made.max_keys()) {
            warn_of_difference(shared.name());
        }
        #[cfg(feature = "config")]
        remember_keyed(code, configured, &shared, &made);
        Ok(shared)
    }

    /// Makes budgets by key that share nothing with others; without a name they are listed under
    /// `unnamed`.
    #[inline]
    fn build_own_keyed(self, unnamed: &str) -> Result<Keyed<RetryBudget>, ConfigError> {
        let recipe = self.resolve()?;
        let clock = recipe.clock.clone();
        let (name, max_keys) = self.into_name_and_keys();
        let name = name.as_deref().unwrap_or(unnamed);
        Ok(Keyed::new(name, recipe, clock, max_keys))
    }
}

impl RetryBudget {
    /// Returns the budgets by key that have this name in the whole process, and makes them with the
    /// defaults if there are none. Inside of a test scope they are those of the scope.
    ///
    /// # Errors
    ///
    /// A name that is empty, longer than 128 bytes or not printable.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, retry, retry::RetryBudget};
    ///
    /// #[retry(budget = "search-by-tenant", key = tenant)]
    /// fn search_by_tenant(tenant: &str) -> Result<usize, AppError> {
    ///     Ok(tenant.len())
    /// }
    ///
    /// search_by_tenant("acme")?;
    /// let tenants = RetryBudget::named_keyed("search-by-tenant")?;
    /// assert_eq!(tenants.keys(), ["acme"]);
    /// assert_eq!(tenants.get("acme").name(), Some("search-by-tenant[acme]"));
    /// # Ok::<(), AppError>(())
    /// ```
    #[inline]
    pub fn named_keyed(name: &str) -> Result<Keyed<Self>, ConfigError> {
        Self::named_keyed_for_site(name, None)
    }

    /// As [`named_keyed`](Self::named_keyed), for an attribute that may bound the number of keys.
    #[inline]
    pub(crate) fn named_keyed_for_site(
        name: &str,
        max_keys: Option<u32>,
    ) -> Result<Keyed<Self>, ConfigError> {
        let Some(known) = ByName::current(&NAMED).get(name) else {
            return with_max_keys(Self::builder().name(name), max_keys).build_keyed();
        };
        if max_keys.is_some_and(|keys| keys as usize != known.max_keys()) {
            warn_of_difference(known.name());
        }
        Ok(known)
    }

    /// Makes the budgets by key of a call site of its own, with the defaults and on its clock.
    #[inline]
    pub(crate) fn own_keyed_for_site(
        function: &str,
        max_keys: Option<u32>,
    ) -> Result<Keyed<Self>, ConfigError> {
        with_max_keys(Self::builder(), max_keys)
            .clock_or(SharedClock::current())
            .build_own_keyed(function)
    }
}

fn with_max_keys(builder: RetryBudgetBuilder, max_keys: Option<u32>) -> RetryBudgetBuilder {
    match max_keys {
        Some(keys) => builder.max_keys(keys),
        None => builder,
    }
}

impl Keyed<RetryBudget> {
    /// Returns the configuration of the budget of each key.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let tenants = RetryBudget::builder().burst(5).build_keyed()?;
    /// assert_eq!(tenants.config().burst, 5);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn config(&self) -> &RetryBudgetConfig {
        &self.recipe().config
    }
}

impl Evictable for RetryBudget {
    type Recipe = KeyedRecipe;
    type Snapshot = RetryBudgetSnapshot;

    fn make(recipe: &KeyedRecipe, name: KeyedName) -> Self {
        recipe.budget(name)
    }

    fn keyed_name(&self) -> &KeyedName {
        &self.0.name
    }

    fn snapshot_of(&self) -> RetryBudgetSnapshot {
        self.snapshot()
    }

    fn references(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    fn is_as_new_at(&self, _: &KeyedRecipe, now: Tick, idle: Duration) -> bool {
        // Nothing but calls of the key brings its tokens back.
        let is_full = self.0.tokens.settle() == 0 && self.0.floor.is_full_at(now);
        is_full || idle >= FORGOTTEN_AFTER
    }
}

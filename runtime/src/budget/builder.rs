//! Builder of a retry budget.

use super::{
    config::{LONGEST_NAME, RetryBudgetConfig},
    handle::{NAMED, RetryBudget},
    keyed::KeyedRecipe,
};
#[cfg(feature = "config")]
use crate::overrides::{self, Configured, LivingGuard};
use crate::{
    error::{ConfigError, redact},
    event::{GuardName, names::TARGET_RETRY},
    keyed::{MAX_KEYS, check_max_keys, without_keys},
    name,
    registry::ByName,
    time::{Clock, SharedClock},
};

/// Builder of a [`RetryBudget`]. Settings that are not set have the defaults of
/// [`RetryBudgetConfig`].
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct RetryBudgetBuilder {
    name: Option<GuardName<String>>,
    config: RetryBudgetConfig,
    max_keys: Option<u32>,
    clock: Option<SharedClock>,
}

impl RetryBudgetBuilder {
    /// Sets the name under which the whole process shares the budget: 1 to 128 printable bytes.
    ///
    /// Where the name exists already, [`build`](Self::build) returns that budget; if it was
    /// configured otherwise, the first configuration stays and a warning is logged.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let here = RetryBudget::builder().name("budget-name-example").build()?;
    /// let there = RetryBudget::builder().name("budget-name-example").build()?;
    /// assert!(here.is_same_as(&there));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(GuardName(name.into()));
        self
    }

    /// Sets how many retries each call allows, 0 to 1000; 0.2 allows one retry for every five
    /// calls.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let budget = RetryBudget::builder().ratio(0.1).burst(3).floor(0).build()?;
    /// assert!((0..3).all(|_| budget.try_withdraw()));
    /// for _ in 0..20 {
    ///     budget.deposit();
    /// }
    /// assert_eq!(budget.available(), 2);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn ratio(mut self, ratio: f64) -> Self {
        self.config.ratio = ratio;
        self
    }

    /// Sets how many retries are allowed in each second independently of the calls; 0 is no floor.
    ///
    /// That many may come at once, after that one each `1 / floor` seconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::RetryBudget, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let budget = RetryBudget::builder().burst(0).floor(2).clock(clock.clone()).build()?;
    /// assert_eq!([(); 3].map(|()| budget.try_withdraw()), [true, true, false]);
    /// clock.advance(Duration::from_millis(500));
    /// assert_eq!([(); 2].map(|()| budget.try_withdraw()), [true, false]);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn floor(mut self, retries_per_second: u32) -> Self {
        self.config.floor = retries_per_second;
        self
    }

    /// Sets how many tokens are kept at most, so that a long quiet time does not allow a retry
    /// storm. The budget starts with that many; with 0 the floor alone allows retries.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let budget = RetryBudget::builder().ratio(1.0).burst(5).build()?;
    /// assert_eq!(budget.available(), 5);
    /// for _ in 0..1000 {
    ///     budget.deposit();
    /// }
    /// assert_eq!(budget.available(), 5, "no more");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn burst(mut self, tokens: u32) -> Self {
        self.config.burst = tokens;
        self
    }

    /// Sets how many keys may have a budget of their own, with
    /// [`build_keyed`](Self::build_keyed): 1 to 1,000,000, 10,000 unless set. See
    /// [`Keyed`](crate::keyed::Keyed) for what becomes of further keys.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let builder = RetryBudget::builder().burst(5);
    /// assert_eq!(builder.clone().max_keys(500).build_keyed()?.max_keys(), 500);
    /// let problem = builder.clone().max_keys(0).build_keyed().unwrap_err();
    /// assert_eq!(problem.to_string(), "`max_keys` = 0: must be from 1 to 1000000");
    /// assert!(builder.max_keys(500).build().is_err(), "it has no keys");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn max_keys(mut self, keys: u32) -> Self {
        self.max_keys = Some(keys);
        self
    }

    /// Replaces the clock by which the floor refills.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::RetryBudget, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let budget = RetryBudget::builder().burst(0).floor(1).clock(clock.clone()).build()?;
    /// assert!(budget.try_withdraw() && !budget.try_withdraw());
    /// clock.advance(Duration::from_secs(1));
    /// assert!(budget.try_withdraw());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(SharedClock::new(clock));
        self
    }

    /// Makes the budget, or returns the one that has the name already.
    ///
    /// # Errors
    ///
    /// Every value that is out of its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let err = RetryBudget::builder().name("").ratio(f64::NAN).build().unwrap_err();
    /// let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["name", "ratio"]);
    /// ```
    pub fn build(self) -> Result<RetryBudget, ConfigError> {
        let Some(name) = self.name.clone() else {
            let recipe = without_keys(self.max_keys, self.resolve())?;
            return Ok(recipe.budget(String::new().into()));
        };
        #[cfg(feature = "config")]
        let (this, code, configured) = self.configured();
        #[cfg(not(feature = "config"))]
        let this = self;
        let recipe = without_keys(this.max_keys, this.resolve())?;
        let made = recipe.budget(name.0.into());
        let shared = ByName::current(&NAMED).get_or_insert(&made.0.name, made.clone());
        if *shared.config() != recipe.config {
            warn_of_difference(&shared.0.name);
        }
        #[cfg(feature = "config")]
        if shared.is_same_as(&made) {
            let name = &*shared.0.name;
            overrides::remember(LivingGuard::new(name, code, configured, &shared.0));
        }
        Ok(shared)
    }

    /// Checks all rules.
    pub(super) fn resolve(&self) -> Result<KeyedRecipe, ConfigError> {
        let (name, config) = (self.name.as_deref(), self.config);
        let bad_name = name.and_then(|name| name::problem("name", name, LONGEST_NAME));
        let bad_ratio = (!(0.0..=1000.0).contains(&config.ratio))
            .then(|| ConfigError::new("ratio", config.ratio, "must be a number from 0 to 1000"));
        let bad_keys = self.max_keys.and_then(check_max_keys);
        let problems = bad_name.into_iter().chain(bad_ratio).chain(bad_keys);
        if let Some(problem) = ConfigError::join(problems) {
            return Err(problem);
        }
        // A named budget belongs to the test scope, and uses its clock; an unnamed one may outlive
        // the scope.
        let clock = self.clock.clone().unwrap_or_else(|| match name {
            Some(_) => SharedClock::current(),
            None => SharedClock::default(),
        });
        Ok(KeyedRecipe { config, clock })
    }

    /// Returns a builder with the settings that a file can replace.
    #[cfg(feature = "config")]
    fn for_configuration(&self) -> Self {
        Self {
            clock: None,
            ..self.clone()
        }
    }

    /// Returns this builder with the settings of another one.
    #[cfg(feature = "config")]
    pub(super) fn with_settings_of(mut self, other: &Self) -> Self {
        self.config = other.config;
        self
    }

    /// Returns this builder with the settings of the configuration in force, if it has a name.
    #[cfg(feature = "config")]
    pub(super) fn configured(self) -> (Self, Self, Configured<Self>) {
        let code = self.for_configuration();
        let name = self.name.as_deref().unwrap_or_default();
        let configured = overrides::configured(name, &code);
        let builder = self.with_settings_of(&configured.builder);
        (builder, code, configured)
    }

    pub(super) fn is_named(&self) -> bool {
        self.name.is_some()
    }

    pub(super) fn into_name_and_keys(self) -> (Option<String>, u32) {
        let name = self.name.map(|name| name.0);
        (name, self.max_keys.unwrap_or(MAX_KEYS))
    }

    /// Sets the clock, unless one is set.
    pub(super) fn clock_or(mut self, clock: SharedClock) -> Self {
        self.clock.get_or_insert(clock);
        self
    }
}

#[cold]
pub(super) fn warn_of_difference(name: &str) {
    tracing::warn!(
        target: TARGET_RETRY,
        budget = %redact::name(name),
        "the retry budget has another configuration already, which stays"
    );
}

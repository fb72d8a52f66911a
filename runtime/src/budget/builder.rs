//! Builder of a retry budget.

use super::{
    config::{LONGEST_NAME, RetryBudgetConfig},
    handle::{BudgetInner, NAMED, RetryBudget},
};
use crate::{
    error::ConfigError,
    event::GuardName,
    name,
    registry::ByName,
    time::{Clock, SharedClock},
};
use std::sync::Arc;

/// Builder of a [`RetryBudget`]. Settings that are not set have the defaults of
/// [`RetryBudgetConfig`].
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct RetryBudgetBuilder {
    name: Option<GuardName<String>>,
    config: RetryBudgetConfig,
    clock: Option<SharedClock>,
}

impl RetryBudgetBuilder {
    /// Sets the name under which the whole process shares the budget: 1 to 100 printable bytes.
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
        let Self {
            name,
            config,
            clock,
        } = self;
        let bad_name = name
            .as_deref()
            .and_then(|name| name::problem("name", name, LONGEST_NAME));
        let bad_ratio = (!(0.0..=1000.0).contains(&config.ratio))
            .then(|| ConfigError::new("ratio", config.ratio, "must be a number from 0 to 1000"));
        if let Some(problem) = ConfigError::join(bad_name.into_iter().chain(bad_ratio)) {
            return Err(problem);
        }
        let name = name.map(|name| name.0.into_boxed_str());
        // A named budget belongs to the test scope, and uses its clock; an unnamed one may outlive
        // the scope.
        let clock = clock.unwrap_or_else(|| match name {
            Some(_) => SharedClock::current(),
            None => SharedClock::default(),
        });
        let make = |name| RetryBudget(Arc::new(BudgetInner::new(name, config, clock)));
        let Some(name) = name else {
            return Ok(make(None));
        };
        let shared = ByName::current(&NAMED).get_or_insert(&name, make(Some(name.clone())));
        if shared.0.config != config {
            let name = shared.name();
            tracing::warn!(
                target: crate::event::names::TARGET_RETRY,
                budget = name,
                "the retry budget has another configuration already, which stays"
            );
        }
        Ok(shared)
    }
}

//! Retry budget: a limit on the load that retries add.

use super::{
    config::{LONGEST_NAME, RetryBudgetConfig},
    tokens::{Floor, Tokens},
};
use crate::{
    error::ConfigError,
    event::{GuardName, Shown},
    name,
    registry::{ByName, OfProcess},
    time::{Clock, SharedClock},
};
use std::{fmt, sync::Arc};

/// A limit on how much load retries may add to a service that is in trouble.
///
/// Retries help against single failures and hurt where everything fails: with three retries a
/// struggling service gets four times its load at the worst moment. A budget lets retries be a
/// fraction of the calls: each call puts [`ratio`](RetryBudgetBuilder::ratio) of a token into it,
/// each retry takes a whole one, and a retry that finds none does not happen: the error goes to the
/// caller. First attempts are always made. Below a floor of retries per second everything is
/// allowed, so that a service with few calls can still retry.
///
/// Clones share one budget; share it among all retries that call one service. Taking a token is one
/// atomic step: under whatever contention no retry is granted without one.
///
/// # Examples
///
/// ```
/// use gardefou::retry::{Retry, RetryBudget};
/// use gardefou::time::ManualClock;
///
/// let budget = RetryBudget::builder().ratio(0.0).floor(2).clock(ManualClock::new()).build()?;
/// let retry = Retry::builder().max_retries(5).budget(budget).clock(ManualClock::new()).build()?;
/// let mut runs = 0;
/// let outcome = retry.call(|| {
///     runs += 1;
///     Err::<(), _>("down")
/// });
/// assert_eq!((outcome, runs), (Err("down"), 3)); // the call, and the two retries of the floor
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct RetryBudget(Arc<BudgetInner>);

struct BudgetInner {
    name: Option<Box<str>>,
    config: RetryBudgetConfig,
    tokens: Tokens,
    floor: Floor,
    clock: SharedClock,
}

/// The named budgets of the process; bounded by the names in the program.
static NAMED: OfProcess<RetryBudget> = OfProcess::new();

impl RetryBudget {
    /// Returns a builder of a budget.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let budget = RetryBudget::builder().ratio(0.1).build()?;
    /// assert_eq!(budget.name(), None);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn builder() -> RetryBudgetBuilder {
        RetryBudgetBuilder::default()
    }

    /// Returns the budget that has this name in the whole process, and makes it with the defaults
    /// if there is none. Inside of a test scope it is that of the scope.
    ///
    /// # Errors
    ///
    /// A name that is empty, longer than 100 bytes or not printable.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let here = RetryBudget::named("payments")?;
    /// let there = RetryBudget::named("payments")?;
    /// assert!(here.is_same_as(&there));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn named(name: &str) -> Result<Self, ConfigError> {
        match ByName::current(&NAMED).get(name) {
            Some(budget) => Ok(budget),
            None => Self::builder().name(name).build(),
        }
    }

    /// Returns the name, if the budget has one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// assert_eq!(RetryBudget::named("inventory")?.name(), Some("inventory"));
    /// assert_eq!(RetryBudget::builder().build()?.name(), None);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// Returns the configuration; of a shared budget that of the first builder of its name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let budget = RetryBudget::builder().name("budget-config-example").burst(20).build()?;
    /// let shared = RetryBudget::builder().name("budget-config-example").burst(90).build()?;
    /// assert_eq!((budget.config().burst, shared.config().burst), (20, 20));
    /// assert_eq!(budget.config().ratio, 0.2, "the default");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> &RetryBudgetConfig {
        &self.0.config
    }

    /// Returns `true` if both are the same budget.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let (one, other) = (RetryBudget::builder().build()?, RetryBudget::builder().build()?);
    /// assert!(one.is_same_as(&one.clone()));
    /// assert!(!one.is_same_as(&other));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns how many retries the calls so far allow; the floor is added to that.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let budget = RetryBudget::builder().ratio(0.5).build()?;
    /// for _ in 0..4 {
    ///     budget.deposit();
    /// }
    /// assert_eq!(budget.available(), 2);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn available(&self) -> u64 {
        self.0.tokens.whole()
    }

    /// Counts one call; a [`Retry`](super::Retry) does it for each first attempt.
    ///
    /// A full budget is only read, so that successful calls share no write.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let budget = RetryBudget::builder().ratio(0.5).build()?;
    /// budget.deposit();
    /// assert_eq!(budget.available(), 0, "half a token");
    /// budget.deposit();
    /// assert_eq!(budget.available(), 1);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    pub fn deposit(&self) {
        self.0.tokens.deposit();
    }

    /// Takes the token of one retry, of past calls or else of the floor; returns `false` if there
    /// is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let budget = RetryBudget::builder().ratio(1.0).floor(0).build()?;
    /// assert!(!budget.try_withdraw());
    /// budget.deposit();
    /// assert!(budget.try_withdraw());
    /// assert!(!budget.try_withdraw());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn try_withdraw(&self) -> bool {
        self.0.tokens.try_take() || self.0.floor.try_take_at(self.0.clock.now())
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBudget")
            .field("name", &self.name().map(Shown))
            .field("config", &self.0.config)
            .field("available", &self.available())
            .finish()
    }
}

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
    /// let budget = RetryBudget::builder().ratio(0.1).build()?;
    /// for _ in 0..30 {
    ///     budget.deposit();
    /// }
    /// assert_eq!(budget.available(), 3);
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
    /// let budget = RetryBudget::builder().floor(2).clock(clock.clone()).build()?;
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
    /// storm.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let budget = RetryBudget::builder().ratio(1.0).burst(5).build()?;
    /// for _ in 0..1000 {
    ///     budget.deposit();
    /// }
    /// assert_eq!(budget.available(), 5);
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
    /// let budget = RetryBudget::builder().floor(1).clock(clock.clone()).build()?;
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
        let make = |name| {
            RetryBudget(Arc::new(BudgetInner {
                name,
                config,
                tokens: Tokens::new(config.ratio, config.burst),
                floor: Floor::new(config.floor),
                clock,
            }))
        };
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

/// How the budget of a [`Retry`](super::Retry) is given: as a handle, or as a name that the whole
/// process shares.
#[derive(Clone, Debug)]
pub struct BudgetSource(pub(crate) Source);

#[derive(Clone, Debug)]
pub(crate) enum Source {
    Handle(RetryBudget),
    Name(GuardName<String>),
}

impl BudgetSource {
    pub(crate) fn resolve(self) -> Result<RetryBudget, ConfigError> {
        match self.0 {
            Source::Handle(budget) => Ok(budget),
            Source::Name(name) => match name::problem("budget", &name, LONGEST_NAME) {
                Some(problem) => Err(problem),
                None => RetryBudget::named(&name),
            },
        }
    }
}

impl From<RetryBudget> for BudgetSource {
    fn from(budget: RetryBudget) -> Self {
        Self(Source::Handle(budget))
    }
}

impl From<&RetryBudget> for BudgetSource {
    fn from(budget: &RetryBudget) -> Self {
        budget.clone().into()
    }
}

impl From<&str> for BudgetSource {
    fn from(name: &str) -> Self {
        Self(Source::Name(GuardName(name.to_owned())))
    }
}

impl From<String> for BudgetSource {
    fn from(name: String) -> Self {
        Self(Source::Name(GuardName(name)))
    }
}

#[cfg(test)]
mod tests;

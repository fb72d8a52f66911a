//! Handle of a retry budget.

use super::{
    builder::RetryBudgetBuilder, config::RetryBudgetConfig, floor::Floor,
    snapshot::RetryBudgetSnapshot, tokens::Tokens,
};
use crate::{
    error::ConfigError,
    event::Shown,
    keyed::KeyedName,
    registry::{ByName, OfProcess},
    revised::Revised,
    time::SharedClock,
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
/// step: under whatever contention no retry is granted without one.
///
/// Every [`Retry`](crate::retry::Retry) and every hedge has a budget, unless it is built with
/// `budget(false)`: by default the one of the process. A budget starts full, as the reserve of
/// Finagle's `RetryBudget` and the tokens of gRPC's retry throttling (gRFC A6) do: a program that
/// has just started may retry too.
///
/// # Examples
///
/// ```
/// use gardefou::retry::{Retry, RetryBudget};
/// use gardefou::time::ManualClock;
///
/// let budget = RetryBudget::builder().ratio(0.0).burst(2).floor(0).build()?;
/// let retry = Retry::builder().max_retries(5).budget(budget).clock(ManualClock::new()).build()?;
/// let mut runs = 0;
/// let outcome = retry.call(|| {
///     runs += 1;
///     Err::<(), _>("down")
/// });
/// assert_eq!((outcome, runs), (Err("down"), 3)); // the call, and the two retries of the burst
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct RetryBudget(pub(super) Arc<BudgetInner>);

pub(crate) struct BudgetInner {
    /// Empty where the budget has none.
    pub(super) name: KeyedName,
    pub(super) config: Revised<RetryBudgetConfig>,
    pub(super) tokens: Tokens,
    pub(super) floor: Floor,
    pub(super) clock: SharedClock,
}

/// The named budgets of the process; bounded by the names in the program.
pub(super) static NAMED: OfProcess<RetryBudget> = OfProcess::new();

impl BudgetInner {
    pub(super) fn new(name: KeyedName, config: RetryBudgetConfig, clock: SharedClock) -> Self {
        Self {
            name,
            config: Revised::new(config),
            tokens: Tokens::new(config.ratio, config.burst),
            floor: Floor::new(config.floor),
            clock,
        }
    }
}

#[cfg(feature = "config")]
impl BudgetInner {
    /// Changes the settings; what was withdrawn stays withdrawn.
    pub(super) fn reconfigure(&self, config: RetryBudgetConfig) {
        self.tokens.reconfigure(config.ratio, config.burst);
        self.floor.reconfigure(config.floor);
        self.config.replace(config);
    }
}

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
    /// A name that is empty, longer than 128 bytes or not printable.
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
        Some(&*self.0.name).filter(|name| !name.is_empty())
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
        self.0.config.get()
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
    /// let budget = RetryBudget::builder().ratio(0.5).burst(10).floor(0).build()?;
    /// assert_eq!(budget.available(), 10, "it starts full");
    /// assert!((0..4).all(|_| budget.try_withdraw()));
    /// budget.deposit();
    /// budget.deposit();
    /// assert_eq!(budget.available(), 7);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn available(&self) -> u64 {
        self.0.tokens.available()
    }

    /// Returns everything that is known about the budget now.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let budget = RetryBudget::builder().burst(10).floor(0).build()?;
    /// assert!(budget.try_withdraw());
    /// let snapshot = budget.snapshot();
    /// assert_eq!((snapshot.name, snapshot.available, snapshot.config.burst), (None, 9, 10));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> RetryBudgetSnapshot {
        RetryBudgetSnapshot {
            name: self.name().map(str::to_owned),
            available: self.available(),
            config: *self.config(),
        }
    }

    /// Counts one call; a [`Retry`](crate::retry::Retry) does it for each first attempt.
    ///
    /// A full budget is only read, so that successful calls share no write. One that is not full
    /// keeps deposits apart by thread, and collects them before it grants or refuses a token.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let budget = RetryBudget::builder().ratio(0.5).burst(1).floor(0).build()?;
    /// assert!(budget.try_withdraw());
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

    /// Takes the token of one retry, of the floor or else of past calls; returns `false` if there
    /// is none.
    ///
    /// The floor comes first, because what it grants in a second is lost if it is not taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::retry::RetryBudget;
    ///
    /// let budget = RetryBudget::builder().ratio(1.0).burst(1).floor(0).build()?;
    /// assert!(budget.try_withdraw());
    /// assert!(!budget.try_withdraw());
    /// budget.deposit();
    /// assert!(budget.try_withdraw());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn try_withdraw(&self) -> bool {
        self.0.floor.try_take(&self.0.clock) || self.0.tokens.try_take()
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBudget")
            .field("name", &self.name().map(Shown))
            .field("config", self.config())
            .field("available", &self.available())
            .finish()
    }
}

//! Builder of hedges.

use super::{
    config::{HedgeConfig, HedgeDelay, LONGEST_NAME},
    handle::Hedge,
    inner::{Counts, HedgeInner, HedgeTerms},
};
#[cfg(feature = "config")]
use crate::overrides::{self, LivingGuard};
use crate::{
    budget::BudgetSource,
    error::ConfigError,
    event::GuardName,
    name,
    revised::Revised,
    time::{Clock, SharedClock},
};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// Builder of a [`Hedge`]; each setter has the name of its key of `#[hedge]`.
///
/// # Defaults
///
/// Those of [`HedgeConfig`], the budget of the process, and the machine's clock.
///
/// # Examples
///
/// ```
/// use gardefou::hedge::Hedge;
/// use std::time::Duration;
///
/// let hedge = Hedge::builder("search").after(Duration::from_millis(50)).max_hedges(2).build()?;
/// assert_eq!(hedge.config().max_hedges, 2);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct HedgeBuilder {
    name: GuardName<Cow<'static, str>>,
    after: Option<Duration>,
    quantile: Option<f64>,
    max_hedges: u32,
    budget: BudgetSource,
    clock: SharedClock,
}

impl HedgeBuilder {
    pub(super) fn new(name: Cow<'static, str>) -> Self {
        Self {
            name: GuardName(name),
            after: None,
            quantile: None,
            max_hedges: HedgeConfig::DEFAULT_MAX_HEDGES,
            budget: BudgetSource::default(),
            clock: SharedClock::default(),
        }
    }

    /// Replaces the name, 1 to 128 printable bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::hedge::Hedge;
    ///
    /// let hedge = Hedge::builder("search").quantile(0.95).name("suggestions").build()?;
    /// assert_eq!(hedge.name(), "suggestions");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = GuardName(name.into());
        self
    }

    #[cfg(feature = "config")]
    pub(crate) fn name_in_use(&self) -> &str {
        &self.name
    }

    /// Sets how long an attempt runs before the next one starts beside it; with zero all start at
    /// once, unless the first one is ready when it is first polled.
    ///
    /// This or [`quantile`](Self::quantile) is required, and both are an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::hedge::{Hedge, HedgeDelay};
    /// use std::time::Duration;
    ///
    /// let delay = Duration::from_millis(50);
    /// let hedge = Hedge::builder("search").after(delay).build()?;
    /// assert_eq!(hedge.config().delay, HedgeDelay::After(delay));
    /// assert_eq!(Hedge::builder("search").build().unwrap_err().field(), "after");
    /// assert!(Hedge::builder("search").after(delay).quantile(0.5).build().is_err());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn after(mut self, delay: Duration) -> Self {
        self.after = Some(delay);
        self
    }

    /// Sets the delay by the attempts of the last minute: 0.95 starts another one when an attempt
    /// takes longer than 95 % of them did. Above 0 and below 1.
    ///
    /// Attempts that succeeded count with the time that they took, and those that were dropped
    /// because another one was faster with the time until then. The delay is at most an eighth
    /// longer than the quantile and never shorter; it is computed anew at most ten times a second,
    /// and covers between 55 and 60 seconds. Below 100 attempts it is unknown: then an attempt
    /// starts only after the failure of another one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::hedge::Hedge;
    ///
    /// assert_eq!(Hedge::builder("search").quantile(0.95).build()?.delay(), None, "not known yet");
    /// for wrong in [0.0, 1.0, f64::NAN] {
    ///     assert_eq!(Hedge::builder("search").quantile(wrong).build().unwrap_err().field(), "quantile");
    /// }
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn quantile(mut self, quantile: f64) -> Self {
        self.quantile = Some(quantile);
        self
    }

    /// Sets how many attempts there are at most after the first: 1 by default, 0 to 10.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::hedge::Hedge;
    ///
    /// assert_eq!(Hedge::builder("search").quantile(0.95).max_hedges(3).build()?.config().max_hedges, 3);
    /// assert!(Hedge::builder("search").quantile(0.95).max_hedges(11).build().is_err());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn max_hedges(mut self, hedges: u32) -> Self {
        self.max_hedges = hedges;
        self
    }

    /// Sets the budget that further attempts take tokens from, as
    /// [that of a retry](crate::retry::RetryBuilder::budget): a budget, the name of one, or `false`
    /// for none. By default it is the one of the process, which retries draw on too.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{hedge::Hedge, retry::RetryBudget};
    ///
    /// let hedge = Hedge::builder("search").quantile(0.95).budget("replicas").build()?;
    /// assert!(hedge.budget().unwrap().is_same_as(&RetryBudget::named("replicas")?));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn budget(mut self, budget: impl Into<BudgetSource>) -> Self {
        self.budget = budget.into();
        self
    }

    /// Replaces the clock by which attempts are measured for the quantile. Delays are waited for on
    /// tokio's timer.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{hedge::Hedge, time::ManualClock};
    ///
    /// let hedge = Hedge::builder("search").quantile(0.95).clock(ManualClock::new()).build()?;
    /// assert_eq!(hedge.delay(), None);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = SharedClock::new(clock);
        self
    }

    /// Builds the hedge.
    ///
    /// # Errors
    ///
    /// Every value that is out of its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::hedge::Hedge;
    ///
    /// let err = Hedge::builder("").max_hedges(99).build().unwrap_err();
    /// let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["name", "after", "max_hedges"]);
    /// ```
    pub fn build(self) -> Result<Hedge, ConfigError> {
        #[cfg(feature = "config")]
        let (code, configured) = {
            let code = self.for_configuration();
            let configured = overrides::configured(&self.name, &code);
            (code, configured)
        };
        #[cfg(feature = "config")]
        let this = self.with_settings_of(&configured.builder);
        #[cfg(not(feature = "config"))]
        let this = self;
        let config = this.resolve();
        let budget = this.budget.resolve(&this.clock);
        let (config, budget) = match (config, budget) {
            (Ok(config), Ok(budget)) => (config, budget),
            (config, budget) => {
                let unnamed = ConfigError::new("after", "none", "must be set");
                let problems = config.err().into_iter().chain(budget.err());
                return Err(ConfigError::join(problems).unwrap_or(unnamed));
            }
        };
        let is_timed = matches!(config.delay, HedgeDelay::Quantile(_));
        let counts = Counts::new(&this.name, is_timed);
        let inner = Arc::new(HedgeInner {
            name: this.name,
            terms: Revised::new(HedgeTerms::new(config)),
            budget,
            clock: this.clock,
            counts,
        });
        #[cfg(feature = "config")]
        overrides::remember(LivingGuard::new(&inner.name, code, configured, &inner));
        Ok(Hedge(inner))
    }

    /// Fills in the defaults, and checks everything but the budget.
    pub(super) fn resolve(&self) -> Result<HedgeConfig, ConfigError> {
        let mut problems = Vec::from_iter(name::problem("name", &self.name, LONGEST_NAME));
        let delay = match (self.after, self.quantile) {
            (Some(after), None) => HedgeDelay::After(after),
            (None, Some(quantile)) => {
                if !(quantile > 0.0 && quantile < 1.0) {
                    let rule = "must be a number above 0 and below 1";
                    problems.push(ConfigError::new("quantile", quantile, rule));
                }
                HedgeDelay::Quantile(quantile)
            }
            (None, None) => {
                let rule = "must be set, unless `quantile` is";
                problems.push(ConfigError::new("after", "none", rule));
                HedgeDelay::After(Duration::MAX)
            }
            (Some(after), Some(quantile)) => {
                let rule = "must not stand beside `after`: both set the delay";
                problems.push(ConfigError::new("quantile", quantile, rule));
                HedgeDelay::After(after)
            }
        };
        if self.max_hedges > HedgeConfig::MOST_HEDGES {
            let rule = "must be from 0 to 10";
            problems.push(ConfigError::new("max_hedges", self.max_hedges, rule));
        }
        let config = HedgeConfig {
            delay,
            max_hedges: self.max_hedges,
        };
        ConfigError::join(problems).map_or(Ok(config), Err)
    }
}

#[cfg(feature = "config")]
impl HedgeBuilder {
    /// Returns a builder with the settings that a file can replace.
    fn for_configuration(&self) -> Self {
        Self {
            budget: false.into(),
            clock: SharedClock::default(),
            ..self.clone()
        }
    }

    /// Returns this builder with the settings of another one.
    fn with_settings_of(mut self, other: &Self) -> Self {
        (self.after, self.quantile) = (other.after, other.quantile);
        self.max_hedges = other.max_hedges;
        self
    }

    pub(super) fn unset_delay(&mut self) {
        (self.after, self.quantile) = (None, None);
    }
}

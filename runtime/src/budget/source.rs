//! How a guard is given its budget.

use super::{config::LONGEST_NAME, default::Payer, handle::RetryBudget};
use crate::{error::ConfigError, event::GuardName, name, time::SharedClock};

/// How the budget of a [`Retry`](crate::retry::Retry) or a hedge is given: as a handle, as a name
/// that the whole process shares, or as a `bool`: `false` is no budget, and `true` the default one.
///
/// The default is one budget for the whole process, with the defaults of
/// [`RetryBudgetConfig`](super::RetryBudgetConfig); inside of a test scope, that of the scope. A
/// guard with a clock of its own has a default budget of its own on that clock, since a floor is a
/// number of retries in a second of one time line.
///
/// # Examples
///
/// ```
/// use gardefou::retry::{Retry, RetryBudget};
///
/// let [one, other] = [Retry::builder().build()?, Retry::builder().budget(true).build()?];
/// assert!(one.budget().unwrap().is_same_as(&other.budget().unwrap()));
/// assert!(Retry::builder().budget(false).build()?.budget().is_none());
/// assert_eq!(Retry::builder().budget("payments").build()?.budget().unwrap().name(), Some("payments"));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BudgetSource(Source);

#[derive(Clone, Debug)]
enum Source {
    Handle(RetryBudget),
    Name(GuardName<String>),
    Default,
    None,
}

impl BudgetSource {
    /// Finds or makes the budget, for a guard with this clock.
    pub(crate) fn resolve(self, clock: &SharedClock) -> Result<Payer, ConfigError> {
        match self.0 {
            Source::Handle(budget) => Ok(Payer::from_budget(budget)),
            Source::Name(name) => match name::problem("budget", &name, LONGEST_NAME) {
                Some(problem) => Err(problem),
                None => RetryBudget::named(&name).map(Payer::from_budget),
            },
            Source::Default => Ok(Payer::default_for(clock)),
            Source::None => Ok(Payer::NONE),
        }
    }
}

impl Default for BudgetSource {
    fn default() -> Self {
        Self(Source::Default)
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

impl From<bool> for BudgetSource {
    fn from(has_budget: bool) -> Self {
        Self(if has_budget {
            Source::Default
        } else {
            Source::None
        })
    }
}

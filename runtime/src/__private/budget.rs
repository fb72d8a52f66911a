//! The budgets by key of `#[retry]`.

use super::{Guarded, OfSite};
use crate::{error::ConfigError, keyed::Keyed, retry::RetryBudget};

impl OfSite for Keyed<RetryBudget> {
    #[inline]
    fn declared(guarded: &'static Guarded) -> Option<Result<Self, ConfigError>> {
        guarded.built_budgets()
    }

    /// Budgets without tokens: one call, which is never more than was configured for.
    #[inline]
    fn otherwise(_: &'static Guarded) -> Self {
        RetryBudget::builder()
            .ratio(0.0)
            .burst(0)
            .floor(0)
            .build_keyed()
            .expect("the settings are valid")
    }
}

/// What `budget` of an attribute takes beside a key.
#[diagnostic::on_unimplemented(
    message = "beside `key`, `budget` takes a name or a `Keyed<RetryBudget>`; this is `{Self}`",
    label = "no budgets by key",
    note = "where all keys share one budget, write `#[retry]` without `key`"
)]
pub trait ByKey {
    /// Finds or makes the budgets.
    ///
    /// # Errors
    ///
    /// A name or a number of keys that is not allowed, and a number of keys beside budgets that have
    /// one.
    fn budgets(self, max_keys: Option<u32>) -> Result<Keyed<RetryBudget>, ConfigError>;
}

impl ByKey for &str {
    #[inline]
    fn budgets(self, max_keys: Option<u32>) -> Result<Keyed<RetryBudget>, ConfigError> {
        RetryBudget::named_keyed_for_site(self, max_keys)
    }
}

impl ByKey for String {
    #[inline]
    fn budgets(self, max_keys: Option<u32>) -> Result<Keyed<RetryBudget>, ConfigError> {
        self.as_str().budgets(max_keys)
    }
}

impl ByKey for Keyed<RetryBudget> {
    #[inline]
    fn budgets(self, max_keys: Option<u32>) -> Result<Keyed<RetryBudget>, ConfigError> {
        let rule = "must not stand beside a `budget` that has its own number of keys";
        match max_keys {
            None => Ok(self),
            Some(keys) => Err(ConfigError::new("max_keys", keys, rule)),
        }
    }
}

impl ByKey for &Keyed<RetryBudget> {
    #[inline]
    fn budgets(self, max_keys: Option<u32>) -> Result<Keyed<RetryBudget>, ConfigError> {
        self.clone().budgets(max_keys)
    }
}

/// Finds or makes the budgets that an attribute gives.
///
/// # Errors
///
/// As [`ByKey::budgets`].
#[inline]
pub fn budgets(
    given: impl ByKey,
    max_keys: Option<u32>,
) -> Result<Keyed<RetryBudget>, ConfigError> {
    given.budgets(max_keys)
}

/// Makes the budgets of a function that shares them with no other.
///
/// # Errors
///
/// A number of keys that is not allowed.
#[inline]
pub fn own_budgets(
    function: &str,
    max_keys: Option<u32>,
) -> Result<Keyed<RetryBudget>, ConfigError> {
    RetryBudget::own_keyed_for_site(function, max_keys)
}

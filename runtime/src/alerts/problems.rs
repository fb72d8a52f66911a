//! Problems of a configuration, collected while its settings are checked.

use crate::error::ConfigError;
use std::{
    fmt::{Debug, Display},
    ops::RangeInclusive,
};

/// The problems that a check has found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<ConfigError>);

impl Problems {
    pub(super) fn add(&mut self, field: &'static str, value: impl Display, rule: &str) {
        self.push(ConfigError::new(field, value, rule));
    }

    pub(super) fn push(&mut self, problem: ConfigError) {
        self.0.push(problem);
    }

    /// Adds a problem if a value is outside its range.
    pub(super) fn check_range<T: PartialOrd + Debug + Copy>(
        &mut self,
        field: &'static str,
        value: T,
        range: RangeInclusive<T>,
    ) {
        if !range.contains(&value) {
            let rule = format!("must be from {:?} to {:?}", range.start(), range.end());
            self.add(field, format_args!("{value:?}"), &rule);
        }
    }

    /// Checks the settings that all channels with a server of their own have.
    #[cfg(any(feature = "alert-email", feature = "alert-webhook"))]
    pub(super) fn check_name_and_timeout(&mut self, name: &str, timeout: std::time::Duration) {
        let seconds = std::time::Duration::from_secs;
        self.check_range("timeout", timeout, seconds(1) / 1000..=seconds(60));
        if name.is_empty() {
            self.add("name", name, "must not be empty");
        }
    }

    /// Returns the outcome of a check, or adds its problem.
    #[cfg(any(feature = "alert-email", feature = "alert-webhook"))]
    pub(super) fn take<T>(&mut self, checked: Result<T, ConfigError>) -> Option<T> {
        checked.map_err(|problem| self.push(problem)).ok()
    }

    /// Returns all problems in one error, if there are any.
    pub(super) fn join(self) -> Result<(), ConfigError> {
        ConfigError::join(self.0).map_or(Ok(()), Err)
    }
}

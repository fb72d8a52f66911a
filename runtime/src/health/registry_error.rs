//! What can be wrong with a registration or a name.

use crate::error::ConfigError;

/// A check was not registered.
///
/// # Examples
///
/// ```
/// use gardefou::health::{Health, HealthConfig, RegisterError};
///
/// let health = Health::new(HealthConfig::default())?;
/// health.register_check("database", || true)?;
/// let again = health.register_check("database", || true);
/// assert!(matches!(again, Err(RegisterError::Duplicate { .. })));
/// let odd = health.register_check("a/b", || true);
/// assert!(matches!(odd, Err(RegisterError::Config(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A check of that name is registered already; it stays.
    #[error("a check named `{name}` is registered already")]
    #[non_exhaustive]
    Duplicate {
        /// The name.
        name: String,
    },
    /// The name or a setting is illegal; the text names the setting, its value and the rule.
    #[error("the check cannot be registered: {0}")]
    Config(ConfigError),
}

impl From<ConfigError> for RegisterError {
    fn from(problem: ConfigError) -> Self {
        Self::Config(problem)
    }
}

/// No check of that name is registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no check named `{name}` is registered")]
#[non_exhaustive]
pub struct UnknownCheck {
    /// The name that was asked for.
    pub name: String,
}

//! What can be wrong with a registration or a name.

use crate::{
    error::{ConfigError, redact},
    event::Shown,
};
use std::fmt;

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
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A check of that name is registered already; it stays.
    #[error("a check named `{}` is registered already", redact::name(name))]
    #[non_exhaustive]
    Duplicate {
        /// The name.
        name: String,
    },
    /// The name or a setting is illegal; the text names the setting, its value and the rule.
    #[error("the check cannot be registered: {0}")]
    Config(ConfigError),
}

impl fmt::Debug for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { name } => f
                .debug_struct("Duplicate")
                .field("name", &Shown(name))
                .finish(),
            Self::Config(problem) => f.debug_tuple("Config").field(problem).finish(),
        }
    }
}

impl From<ConfigError> for RegisterError {
    fn from(problem: ConfigError) -> Self {
        Self::Config(problem)
    }
}

/// No check of that name is registered.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("no check named `{}` is registered", redact::name(name))]
#[non_exhaustive]
pub struct UnknownCheck {
    /// The name that was asked for.
    pub name: String,
}

impl fmt::Debug for UnknownCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnknownCheck")
            .field("name", &Shown(&self.name))
            .finish()
    }
}

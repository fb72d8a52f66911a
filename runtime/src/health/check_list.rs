//! The list of registered checks, and the errors of adding to it and searching it.

use super::{check::Spec, registered::RegisteredCheck};
use crate::sync::global::RwLock;
use crate::{
    error::{ConfigError, redact},
    event::Shown,
};
use std::{error::Error, fmt, sync::Arc};

/// The registered checks, in the order of their registration.
///
/// The list is copied on each change, so that a reader's list never changes.
pub(super) struct CheckList(RwLock<Arc<[Arc<RegisteredCheck>]>>);

impl Default for CheckList {
    fn default() -> Self {
        Self(RwLock::new(Arc::new([])))
    }
}

impl CheckList {
    pub(super) fn all(&self) -> Arc<[Arc<RegisteredCheck>]> {
        Arc::clone(&self.0.read())
    }

    pub(super) fn get(&self, name: &str) -> Result<Arc<RegisteredCheck>, UnknownCheck> {
        let checks = self.all();
        let found = checks.iter().find(|check| check.name() == name);
        found.cloned().ok_or_else(|| UnknownCheck {
            name: name.to_owned(),
        })
    }

    pub(super) fn add(&self, spec: Spec) -> Result<(), RegisterError> {
        spec.validate()?;
        let mut checks = self.0.write();
        if checks.iter().any(|check| check.name() == &*spec.name) {
            return Err(RegisterError::Duplicate {
                name: spec.name.to_string(),
            });
        }
        let added = RegisteredCheck::new(spec);
        *checks = checks.iter().cloned().chain([added]).collect();
        Ok(())
    }

    /// Removes a check and returns `true` if it was registered.
    pub(super) fn remove(&self, name: &str) -> bool {
        let mut checks = self.0.write();
        let (removed, rest): (Vec<_>, Vec<_>) = checks
            .iter()
            .cloned()
            .partition(|check| check.name() == name);
        removed.iter().for_each(|check| check.remove());
        let before = std::mem::replace(&mut *checks, rest.into());
        drop(checks);
        // Dropped after the lock: a check owns values of the user, whose `Drop` may use the
        // registry.
        drop(before);
        !removed.is_empty()
    }
}

/// A check was not registered.
///
/// # Examples
///
/// ```
/// use gardefou::health::{Health, HealthConfig, RegisterError};
///
/// let health = Health::default();
/// health.register_check("database", || true)?;
/// let again = health.register_check("database", || true);
/// assert!(matches!(again, Err(RegisterError::Duplicate { .. })));
/// let odd = health.register_check("a/b", || true);
/// assert!(matches!(odd, Err(RegisterError::Config(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// A check of this name is registered already, and stays registered.
    #[non_exhaustive]
    Duplicate {
        /// The name.
        name: String,
    },
    /// The name or a setting is illegal; the text names the setting, its value and the rule.
    Config(ConfigError),
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { name } => write!(
                f,
                "a check named `{}` is registered already",
                redact::name(name)
            ),
            Self::Config(problem) => write!(f, "the check cannot be registered: {problem}"),
        }
    }
}

impl Error for RegisterError {}

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

/// No check of this name is registered.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownCheck {
    /// The requested name.
    pub name: String,
}

impl fmt::Display for UnknownCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no check named `{}` is registered",
            redact::name(&self.name)
        )
    }
}

impl Error for UnknownCheck {}

impl fmt::Debug for UnknownCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnknownCheck")
            .field("name", &Shown(&self.name))
            .finish()
    }
}

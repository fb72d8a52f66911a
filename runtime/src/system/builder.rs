//! The configuration of the whole.

use super::{ErrorSystemGuard, InitError, init};
use crate::{error::ConfigError, health::HealthConfig};
use std::time::Duration;

/// The error system as a whole; a name for [`builder`](Self::builder).
#[derive(Debug)]
pub enum ErrorSystem {}

impl ErrorSystem {
    /// Begins a configuration of the whole system.
    #[must_use]
    pub fn builder() -> ErrorSystemBuilder {
        ErrorSystemBuilder::default()
    }
}

/// Configures the whole system; every setting that is left out keeps its default, or what an earlier initialisation
/// chose.
///
/// # Defaults
///
/// * `health`: [`HealthConfig::default`] with every circuit breaker in the reports.
/// * `shutdown_deadline`: 5 s; from 0 to 1 h.
/// * `strict`: off.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorSystem, health::HealthConfig};
/// use std::time::Duration;
///
/// let guard = ErrorSystem::builder()
///     .health(HealthConfig::default().period(Duration::from_secs(15)))
///     .shutdown_deadline(Duration::from_secs(2))
///     .init()?;
/// assert!(guard.warnings().is_empty());
/// # Ok::<(), gardefou::InitError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a configuration does nothing until `init`"]
pub struct ErrorSystemBuilder {
    pub(crate) wishes: Wishes,
    pub(crate) strict: bool,
}

/// What was asked for; `None` where nothing was.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Wishes {
    pub(crate) health: Option<HealthConfig>,
    pub(crate) shutdown_deadline: Option<Duration>,
}

impl ErrorSystemBuilder {
    /// Sets how health checks run.
    pub fn health(mut self, config: HealthConfig) -> Self {
        self.wishes.health = Some(config);
        self
    }

    /// Sets how long the guard may take to shut everything down.
    pub fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.wishes.shutdown_deadline = Some(deadline);
        self
    }

    /// Makes clashes (error codes with one number, checks that cannot be registered, breakers with two configurations)
    /// errors instead of warnings.
    pub fn strict(mut self, on: bool) -> Self {
        self.strict = on;
        self
    }

    /// Initialises the system as [`init_error_system`](crate::init_error_system) does, with these settings.
    ///
    /// # Errors
    ///
    /// [`InitError`]: settings that are illegal, all of them; settings that differ from those of an earlier
    /// initialisation whose guard is still alive; clashes, if [`strict`](Self::strict) is on.
    #[track_caller]
    pub fn init(self) -> Result<ErrorSystemGuard, InitError> {
        init::init(&self)
    }
}

impl Wishes {
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let health = self.health.as_ref().and_then(|config| config.validate().err());
        let deadline = self.shutdown_deadline.filter(|deadline| *deadline > LONGEST_SHUTDOWN).map(|deadline| {
            ConfigError::new("shutdown_deadline", format_args!("{deadline:?}"), "must be at most 1 hour")
        });
        ConfigError::join([health, deadline].into_iter().flatten()).map_or(Ok(()), Err)
    }

    /// The settings that `self` asks for and `other` has differently.
    pub(crate) fn differences(&self, other: &Self) -> Vec<&'static str> {
        let mut names = Vec::new();
        let mut compare = |differs: bool, name| {
            if differs {
                names.push(name);
            }
        };
        compare(self.health.is_some() && self.health != other.health, "health");
        let deadline = self.shutdown_deadline.is_some() && self.shutdown_deadline != other.shutdown_deadline;
        compare(deadline, "shutdown_deadline");
        names
    }
}

const LONGEST_SHUTDOWN: Duration = Duration::from_secs(3600);

//! Initialisation with the settings of a builder.

#[cfg(feature = "config")]
use super::configuration;
#[cfg(not(feature = "config"))]
use super::start;
use super::{builder::ErrorSystemBuilder, init_error::InitError, shutdown::ErrorSystemGuard};

impl ErrorSystemBuilder {
    /// Initialises the system as [`init_error_system`](crate::init_error_system) does, with these
    /// settings.
    ///
    /// # Errors
    ///
    /// Returns an [`InitError`] for illegal settings, all of them; for settings that differ from
    /// those of an earlier initialisation whose guard is still alive; and for conflicts, if
    /// [`strict`](Self::strict) is on.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorSystem, InitError};
    ///
    /// let guard = ErrorSystem::builder().environment("staging").init()?;
    /// assert!(ErrorSystem::builder().init().is_ok(), "sets nothing else");
    /// let other = ErrorSystem::builder().environment("production").init();
    /// assert!(matches!(other, Err(InitError::AlreadyInitialised { settings, .. }) if settings == ["environment"]));
    /// # drop(guard);
    /// # Ok::<(), InitError>(())
    /// ```
    #[track_caller]
    pub fn init(self) -> Result<ErrorSystemGuard, InitError> {
        #[cfg(feature = "config")]
        return configuration::start(self);
        #[cfg(not(feature = "config"))]
        start::start(&self.settings, self.strict)
    }
}

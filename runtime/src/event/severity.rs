//! The severity of errors and other events.

use crate::named::named;

/// How urgent something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info = 0,
    /// Worth watching.
    Warning = 1,
    /// Something failed.
    Error = 2,
    /// Needs attention now.
    Critical = 3,
}

/// The name that [`Severity`] has in the Python system.
pub type AlertLevel = Severity;

named! {
    /// Returns the level's name, for example `critical`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::event::Severity;
    ///
    /// assert_eq!(Severity::Warning.name(), "warning");
    /// assert!(Severity::Critical > Severity::Error);
    /// ```
    Severity {
        Info = "info",
        Warning = "warning",
        Error = "error",
        Critical = "critical",
    }
}

impl Severity {
    /// Returns the level of log lines about something so urgent.
    pub(super) const fn tracing_level(self) -> tracing::Level {
        match self {
            Self::Info => tracing::Level::INFO,
            Self::Warning => tracing::Level::WARN,
            Self::Error | Self::Critical => tracing::Level::ERROR,
        }
    }
}

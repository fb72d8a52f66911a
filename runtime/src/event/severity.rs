//! The severity of errors and other events.

use std::fmt;

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

impl Severity {
    /// Returns the level's name, for example `critical`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// Returns the level with this name, as [`name`](Self::name) gives it.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Error, Self::Critical]
            .into_iter()
            .find(|level| level.name() == name)
    }
}

impl serde::Serialize for Severity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

//! The level of log lines, as users choose it.

use super::severity::Severity;
use crate::named::named;
use std::{error::Error, fmt, str::FromStr};

/// The level at which a boundary or attribute logs an error, and a retry its attempts; what the key
/// `log_level` takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// tracing's `TRACE`.
    Trace,
    /// tracing's `DEBUG`.
    Debug,
    /// tracing's `INFO`.
    Info,
    /// tracing's `WARN`.
    Warn,
    /// tracing's `ERROR`; the default.
    #[default]
    Error,
    /// tracing's `ERROR` with the field `severity = "critical"`: needs attention now.
    Critical,
}

named! {
    /// Returns the level's name, for example `error`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::event::LogLevel;
    ///
    /// assert_eq!(LogLevel::Warn.name(), "warn");
    /// assert_eq!("WARNING".parse(), Ok(LogLevel::Warn));
    /// ```
    LogLevel {
        Trace = "trace",
        Debug = "debug",
        Info = "info",
        Warn = "warn",
        Error = "error",
        Critical = "critical",
    }
}

impl LogLevel {
    /// Returns the level of `tracing`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::event::LogLevel;
    ///
    /// assert_eq!(LogLevel::Warn.tracing_level(), tracing::Level::WARN);
    /// assert_eq!(LogLevel::Critical.tracing_level(), tracing::Level::ERROR);
    /// ```
    #[must_use]
    pub const fn tracing_level(self) -> tracing::Level {
        match self {
            Self::Trace => tracing::Level::TRACE,
            Self::Debug => tracing::Level::DEBUG,
            Self::Info => tracing::Level::INFO,
            Self::Warn => tracing::Level::WARN,
            Self::Error | Self::Critical => tracing::Level::ERROR,
        }
    }

    /// Returns the severity that records and notifications have at this level.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::event::{LogLevel, Severity};
    ///
    /// assert_eq!(LogLevel::Critical.severity(), Severity::Critical);
    /// assert_eq!(LogLevel::Debug.severity(), Severity::Info);
    /// ```
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Trace | Self::Debug | Self::Info => Severity::Info,
            Self::Warn => Severity::Warning,
            Self::Error => Severity::Error,
            Self::Critical => Severity::Critical,
        }
    }
}

/// The error for a text that is not the name of a level: `trace`, `debug`, `info`, `warn` (or
/// `warning`), `error`, `critical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidLogLevel;

impl fmt::Display for InvalidLogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a log level is `trace`, `debug`, `info`, `warn`, `error` or `critical`")
    }
}

impl Error for InvalidLogLevel {}

impl FromStr for LogLevel {
    type Err = InvalidLogLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.to_ascii_lowercase();
        match &*name {
            "warning" => Ok(Self::Warn),
            name => Self::from_name(name).ok_or(InvalidLogLevel),
        }
    }
}

/// Expands a macro with a level as a constant, which `tracing` wants: its call sites are statics.
macro_rules! at_level {
    ($level:expr, $line:ident) => {
        match $level {
            tracing::Level::TRACE => $line!(TRACE),
            tracing::Level::DEBUG => $line!(DEBUG),
            tracing::Level::INFO => $line!(INFO),
            tracing::Level::WARN => $line!(WARN),
            tracing::Level::ERROR => $line!(ERROR),
        }
    };
}
pub(super) use at_level;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_and_warning_means_warn() {
        for level in LogLevel::ALL {
            assert_eq!(level.name().parse(), Ok(level));
        }
        assert_eq!("Warning".parse(), Ok(LogLevel::Warn));
        assert_eq!("loud".parse::<LogLevel>(), Err(InvalidLogLevel));
    }
}

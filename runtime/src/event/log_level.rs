//! The level of log lines, as users choose it.

use super::severity::Severity;
use std::{fmt, str::FromStr};

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

impl LogLevel {
    /// Returns the level's name, for example `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// Returns the level of `tracing`.
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

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The error for a text that is not the name of a level: `trace`, `debug`, `info`, `warn` (or
/// `warning`), `error`, `critical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a log level is `trace`, `debug`, `info`, `warn`, `error` or `critical`")]
#[non_exhaustive]
pub struct InvalidLogLevel;

impl FromStr for LogLevel {
    type Err = InvalidLogLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [
            Self::Trace,
            Self::Debug,
            Self::Info,
            Self::Warn,
            Self::Error,
            Self::Critical,
        ];
        let text = if text.eq_ignore_ascii_case("warning") {
            Self::Warn.name()
        } else {
            text
        };
        all.into_iter()
            .find(|level| level.name().eq_ignore_ascii_case(text))
            .ok_or(InvalidLogLevel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_and_warning_means_warn() {
        for level in [
            LogLevel::Trace,
            LogLevel::Debug,
            LogLevel::Info,
            LogLevel::Error,
            LogLevel::Critical,
        ] {
            assert_eq!(level.name().parse(), Ok(level));
        }
        assert_eq!("Warning".parse(), Ok(LogLevel::Warn));
        assert_eq!("loud".parse::<LogLevel>(), Err(InvalidLogLevel));
    }
}

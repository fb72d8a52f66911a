//! Errors and warnings of the start.

#[cfg(feature = "config")]
use crate::config::ConfigFileError;
use crate::error::ConfigError;
use std::{error::Error, fmt, panic::Location};

/// Error of an initialisation. The system works nevertheless, with its earlier configuration or with
/// its defaults.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum InitError {
    /// Settings are illegal. The error names all of them.
    Config(ConfigError),
    /// The system is initialised already with another configuration, which stays in force.
    #[non_exhaustive]
    AlreadyInitialised {
        /// Where the system was initialised first.
        first: &'static Location<'static>,
        /// The settings that differ.
        settings: Vec<&'static str>,
    },
    /// The configuration file cannot be used. The error has every problem.
    #[cfg(feature = "config")]
    ConfigFile(ConfigFileError),
    /// There are conflicts, and [`strict`](super::ErrorSystemBuilder::strict) is set.
    #[non_exhaustive]
    Clash {
        /// All conflicts.
        warnings: Vec<InitWarning>,
    },
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(_) => f.write_str("the configuration of the error system cannot work"),
            #[cfg(feature = "config")]
            Self::ConfigFile(_) => f.write_str("the configuration file cannot be used"),
            Self::AlreadyInitialised { first, settings } => write!(
                f,
                "the error system was initialised at {first} with other settings for {}",
                settings.join(", ")
            ),
            Self::Clash { warnings } => {
                write!(f, "the program's parts clash: {}", texts(warnings))
            }
        }
    }
}

impl Error for InitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Config(problem) => Some(problem),
            #[cfg(feature = "config")]
            Self::ConfigFile(err) => Some(err),
            Self::AlreadyInitialised { .. } | Self::Clash { .. } => None,
        }
    }
}

impl From<ConfigError> for InitError {
    fn from(problem: ConfigError) -> Self {
        Self::Config(problem)
    }
}

#[cfg(feature = "config")]
impl From<ConfigFileError> for InitError {
    fn from(err: ConfigFileError) -> Self {
        Self::ConfigFile(err)
    }
}

fn texts(warnings: &[InitWarning]) -> String {
    warnings
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// A conflict or a part that does not work. The system is up nevertheless.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitWarning {
    /// Two error codes of different crates share a number, or one error type is mapped to codes
    /// twice.
    #[non_exhaustive]
    ErrorCode {
        /// Both codes, each with the place of its declaration.
        text: String,
    },
    /// A check that was declared with an attribute is not registered.
    #[non_exhaustive]
    HealthCheck {
        /// The check, the place of its declaration, and the reason.
        text: String,
    },
    /// Two functions configure one circuit breaker differently.
    #[non_exhaustive]
    Breaker {
        /// The breaker and both functions.
        text: String,
    },
    /// A part of the system did not start.
    #[non_exhaustive]
    Part {
        /// The part and the reason.
        text: String,
    },
}

impl fmt::Display for InitWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ErrorCode { text }
            | Self::HealthCheck { text }
            | Self::Breaker { text }
            | Self::Part { text } => f.write_str(text),
        }
    }
}

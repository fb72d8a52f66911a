//! What can be wrong at the start.

use crate::error::ConfigError;
use std::{fmt, panic::Location};

/// The system was not initialised as asked. It works all the same, with the configuration that it
/// had before or with its defaults.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// Settings are illegal; every one of them is named.
    #[error("the configuration of the error system cannot work")]
    Config(#[from] ConfigError),
    /// It is initialised already, with a different configuration, which stays.
    #[error("the error system was initialised at {first} with other settings for {}", settings.join(", "))]
    #[non_exhaustive]
    AlreadyInitialised {
        /// Where it was initialised first.
        first: &'static Location<'static>,
        /// The settings that differ.
        settings: Vec<&'static str>,
    },
    /// Something clashes, and [`strict`](super::ErrorSystemBuilder::strict) was asked for.
    #[error("the program's parts clash: {}", texts(warnings))]
    #[non_exhaustive]
    Clash {
        /// Everything that clashes.
        warnings: Vec<InitWarning>,
    },
}

fn texts(warnings: &[InitWarning]) -> String {
    warnings
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// Something that works, but not as somebody meant it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitWarning {
    /// Two error codes of different crates share a number, or one error type is mapped to codes
    /// twice.
    #[non_exhaustive]
    ErrorCode {
        /// Both, each with the place of its declaration.
        text: String,
    },
    /// A check that was declared with an attribute is not registered.
    #[non_exhaustive]
    HealthCheck {
        /// Which, where, and why.
        text: String,
    },
    /// Two places name one circuit breaker and configure it differently.
    #[non_exhaustive]
    Breaker {
        /// The breaker and both places.
        text: String,
    },
    /// A part of the system did not start.
    #[non_exhaustive]
    Part {
        /// Which and why.
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

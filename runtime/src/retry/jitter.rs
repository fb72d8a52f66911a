//! Jitter: how delays are spread at random.

use crate::{error::ConfigError, name};
use std::str::FromStr;

/// How delays are spread at random, so that clients which failed together do not come back
/// together.
///
/// Converts from `bool` (`true` is full jitter) and from a fraction (`0.2` is plus-minus 20 %), and
/// is parsed from a name (`none`, `full`, `equal`), like the key of `#[retry(jitter = ..)]`.
///
/// # Examples
///
/// ```
/// use gardefou::retry::Jitter;
///
/// assert_eq!(Jitter::from(true), Jitter::Full);
/// assert_eq!(Jitter::from(false), Jitter::None);
/// assert_eq!(Jitter::from(0.2), Jitter::PlusMinus(0.2));
/// assert_eq!("equal".parse(), Ok(Jitter::Equal));
/// assert!("some".parse::<Jitter>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Jitter {
    /// The computed delay itself: for tests, and for clients that are alone.
    None,
    /// Anything between zero and the computed delay: spreads best, and is the default.
    #[default]
    Full,
    /// Anything between half of the computed delay and all of it: never returns at once.
    Equal,
    /// The computed delay plus or minus this fraction of it (0 to 1); below the longest delay where
    /// it would reach above.
    PlusMinus(f64),
}

impl From<bool> for Jitter {
    fn from(on: bool) -> Self {
        if on { Self::Full } else { Self::None }
    }
}

impl From<f64> for Jitter {
    fn from(fraction: f64) -> Self {
        Self::PlusMinus(fraction)
    }
}

impl FromStr for Jitter {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        match name {
            "none" => Ok(Self::None),
            "full" => Ok(Self::Full),
            "equal" => Ok(Self::Equal),
            other => Err(ConfigError::new(
                "jitter",
                name::shown(other),
                "must be none, full or equal",
            )),
        }
    }
}

/// How the jitter of a retry is given: as a [`Jitter`], or what it converts from.
#[derive(Clone, Debug)]
pub struct JitterSetting(pub(super) Result<Jitter, ConfigError>);

impl From<Jitter> for JitterSetting {
    fn from(jitter: Jitter) -> Self {
        Self(Ok(jitter))
    }
}

impl From<bool> for JitterSetting {
    fn from(on: bool) -> Self {
        Jitter::from(on).into()
    }
}

impl From<f64> for JitterSetting {
    fn from(fraction: f64) -> Self {
        Jitter::from(fraction).into()
    }
}

impl From<&str> for JitterSetting {
    fn from(name: &str) -> Self {
        Self(name.parse())
    }
}

//! How delays are spread at random.

/// How delays are spread at random, so that clients which failed together do not come back together.
///
/// Converts from `bool` (`true` is full jitter) and from a fraction (`0.2` is plus-minus 20 %), as `#[retry(jitter = ..)]`
/// writes it.
///
/// # Examples
///
/// ```
/// use gardefou::retry::Jitter;
///
/// assert_eq!(Jitter::from(true), Jitter::Full);
/// assert_eq!(Jitter::from(false), Jitter::None);
/// assert_eq!(Jitter::from(0.2), Jitter::PlusMinus(0.2));
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
    /// The computed delay plus or minus this fraction of it (0 to 1).
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

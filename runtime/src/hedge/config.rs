//! Configuration of a hedge, as a plain value.

use std::time::Duration;

/// The configuration of a [`Hedge`](super::Hedge).
///
/// # Defaults
///
/// - `delay` none: `after` or `quantile` must be set
/// - `max_hedges` 1
///
/// # Examples
///
/// ```
/// use gardefou::hedge::{Hedge, HedgeDelay};
///
/// let hedge = Hedge::builder("search").quantile(0.99).build()?;
/// assert_eq!(hedge.config().delay, HedgeDelay::Quantile(0.99));
/// assert_eq!(hedge.config().max_hedges, 1);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct HedgeConfig {
    /// How long an attempt runs before the next one starts beside it.
    pub delay: HedgeDelay,
    /// How many attempts there are at most after the first, 0 to 10.
    pub max_hedges: u32,
}

/// How long an attempt runs before the next one starts beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum HedgeDelay {
    /// This long.
    After(Duration),
    /// As long as this share of the attempts took at most that ended in the last minute: above 0
    /// and below 1. Unknown below 100 such attempts; then no attempt starts because of the time.
    Quantile(f64),
}

impl HedgeConfig {
    pub(super) const DEFAULT_MAX_HEDGES: u32 = 1;
    /// As in Polly: more attempts at once are no hedge any more.
    pub(super) const MOST_HEDGES: u32 = 10;
}

/// The longest name of a hedge, in bytes.
pub(super) const LONGEST_NAME: usize = 128;

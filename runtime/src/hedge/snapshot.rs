//! Snapshot of a hedge.

use std::time::Duration;

/// What a [`Hedge`](super::Hedge) has done so far.
///
/// # Examples
///
/// ```
/// use gardefou::hedge::Hedge;
/// use std::time::Duration;
///
/// let hedge = Hedge::builder("search").after(Duration::from_millis(50)).build()?;
/// let snapshot = hedge.snapshot();
/// assert_eq!((snapshot.started, snapshot.won, snapshot.refused), (0, 0, 0));
/// assert_eq!(snapshot.delay, Some(Duration::from_millis(50)));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HedgeSnapshot {
    /// How many attempts were started after the first one of their call.
    pub started: u64,
    /// How many of those succeeded before every other attempt of their call.
    pub won: u64,
    /// How many were not started because the budget was spent.
    pub refused: u64,
    /// How long an attempt runs now before the next one starts beside it, if that is known.
    pub delay: Option<Duration>,
}

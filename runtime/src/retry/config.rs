//! Configuration of a retry, as a plain value.

use super::backoff::Backoff;
use std::{num::NonZeroU32, time::Duration};

/// The configuration of a [`Retry`](super::Retry).
///
/// # Defaults
///
/// - `max_attempts` 4: the call and three retries (`max_retries` 3)
/// - `backoff` exponential from 0.5 s by a factor of 2.0, at most 60 s, with full jitter
/// - `max_elapsed` none: the attempts bound the waiting, to 3.5 s in all with the default delays
///   and to three times `max_delay` with any; a default limit here would have every call read the
///   clock before it runs
/// - `attempt_timeout` none
/// - `timed` false
///
/// # Examples
///
/// ```
/// use gardefou::retry::Retry;
///
/// let retry = Retry::builder().max_retries(5).build()?;
/// assert_eq!(retry.config().max_attempts.get(), 6);
/// assert_eq!(retry.config().max_elapsed, None);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RetryConfig {
    /// The most calls of the function, the first included.
    pub max_attempts: NonZeroU32,
    /// The delays between the attempts.
    pub backoff: Backoff,
    /// How much time may pass from the start of the first attempt to the start of the last.
    pub max_elapsed: Option<Duration>,
    /// How long one attempt may take (async forms).
    pub attempt_timeout: Option<Duration>,
    /// Whether calls are timed for [metrics](crate::guide::metrics).
    pub timed: bool,
}

impl RetryConfig {
    /// The default number of calls.
    pub(crate) const DEFAULT_MAX_ATTEMPTS: NonZeroU32 = NonZeroU32::MIN.saturating_add(3);
    /// The default first delay.
    pub(crate) const DEFAULT_INITIAL_DELAY: Duration = Duration::from_millis(500);
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            max_attempts: Self::DEFAULT_MAX_ATTEMPTS,
            backoff: Backoff::exponential(Self::DEFAULT_INITIAL_DELAY),
            max_elapsed: None,
            attempt_timeout: None,
            timed: false,
        }
    }
}

/// The longest name a retry may have, in bytes.
pub(super) const LONGEST_NAME: usize = 100;

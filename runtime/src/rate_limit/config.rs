//! Configuration of a rate limiter, as a plain value.

use super::{rate::Rate, state::Quota};
use crate::{error::ConfigError, store_loss::StoreLoss};
use std::time::Duration;

/// The configuration of a [`RateLimiter`](super::RateLimiter).
///
/// # Defaults
///
/// - `rate` none: it must be set; from one call in 292 years to one each nanosecond
/// - `burst` the count of the rate: a rate of `100/s` lets 100 calls through at once; at least 1
/// - `max_wait` zero: a call without a permit is rejected at once; zero where `shared` is `true`
/// - `shared` `false`
/// - `on_store_loss` `StoreLoss::Local`
/// - `timed` false
///
/// # Examples
///
/// ```
/// use gardefou::rate_limit::{Rate, RateLimiter};
/// use std::time::Duration;
///
/// let limiter = RateLimiter::builder("search").rate("100/s").build()?;
/// assert_eq!(limiter.config().rate, Rate::per_second(100));
/// assert_eq!((limiter.config().burst, limiter.config().max_wait), (100, Duration::ZERO));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimiterConfig {
    /// How many calls are let through in which time, in the long run.
    pub rate: Rate,
    /// How many calls are let through at once after a quiet time.
    pub burst: u32,
    /// How long a call may wait for its permit.
    pub max_wait: Duration,
    /// Whether the limiter shares its rate with those of the same name in other processes, where there is a fleet
    /// (feature `fleet`).
    pub shared: bool,
    /// What a shared limiter does while the store of its fleet does not answer.
    pub on_store_loss: StoreLoss,
    /// Whether calls are timed for [metrics](crate::guide::metrics).
    pub timed: bool,
}

/// The longest time in which a burst may be replaced: half of what 64 bits of nanoseconds hold, so
/// that the other half is left for the clock.
const LONGEST: u64 = u64::MAX / 2;

impl RateLimiterConfig {
    /// Returns what the limiter grants, or every rule that the rate and the burst break.
    pub(super) fn quota(&self) -> Result<Quota, Vec<ConfigError>> {
        let mut problems = Vec::new();
        let interval = self.rate.interval().unwrap_or_else(|rule| {
            problems.push(ConfigError::new("rate", self.rate, rule));
            1
        });
        if self.burst == 0 && self.rate.count() != 0 {
            problems.push(ConfigError::new("burst", 0, "must be at least 1"));
        }
        let window = interval.saturating_mul(u64::from(self.burst));
        if window > LONGEST {
            let rule = format!(
                "must be replaced by `rate`, which is {}, within 292 years",
                self.rate
            );
            problems.push(ConfigError::new("burst", self.burst, rule));
        }
        if problems.is_empty() {
            Ok(Quota { interval, window })
        } else {
            Err(problems)
        }
    }
}

/// The longest name a limiter may have, in bytes.
pub(super) const LONGEST_NAME: usize = 128;

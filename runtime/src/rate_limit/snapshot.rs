//! Snapshot of a limiter.

use super::{
    config::RateLimiterConfig,
    inner::{Counter, Inner},
};
use crate::event::GuardName;
use std::time::Duration;

/// Everything that is known about a limiter at one moment.
///
/// Counts are of requests, whatever their weight, and since the limiter was made.
///
/// # Examples
///
/// ```
/// use gardefou::{rate_limit::RateLimiter, time::ManualClock};
/// use std::time::Duration;
///
/// let limiter = RateLimiter::builder("search").rate("2/s").clock(ManualClock::new()).build()?;
/// let results = [(); 3].map(|()| limiter.try_acquire().is_ok());
/// let snapshot = limiter.snapshot();
/// assert_eq!(results, [true, true, false]);
/// assert_eq!((snapshot.admitted, snapshot.rejected, snapshot.available), (2, 1, 0));
/// assert_eq!(snapshot.next_permit, Duration::from_millis(500));
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct RateLimiterSnapshot {
    /// The name of the limiter, as it was given; `Debug` shows no secret in it.
    pub name: String,
    /// How many permits could be taken at once.
    pub available: u32,
    /// How long until one permit can be taken; zero where one can be now.
    pub next_permit: Duration,
    /// Requests that got their permits, at once or after a wait.
    pub admitted: u64,
    /// Requests that were rejected.
    pub rejected: u64,
    /// Requests that got their permits after a wait.
    pub waited: u64,
    /// Reservations that were cancelled: their holder did not wait until their time.
    pub cancelled: u64,
    /// Reservations that wait now.
    pub waiting: u64,
    /// The configuration.
    pub config: RateLimiterConfig,
}

impl RateLimiterSnapshot {
    pub(super) fn new(inner: &Inner) -> Self {
        let (available, wait) = inner.available_at(inner.clock.now());
        Self {
            name: inner.name.to_string(),
            available,
            next_permit: Duration::from_nanos(wait),
            admitted: inner.counted(Counter::Admitted),
            rejected: inner.counted(Counter::Rejected),
            waited: inner.counted(Counter::Waited),
            cancelled: inner.counted(Counter::Cancelled),
            waiting: inner.waiting(),
            config: inner.config(),
        }
    }
}

impl std::fmt::Debug for RateLimiterSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimiterSnapshot")
            .field("name", &GuardName(&self.name))
            .field("available", &self.available)
            .field("next_permit", &self.next_permit)
            .field("admitted", &self.admitted)
            .field("rejected", &self.rejected)
            .field("waited", &self.waited)
            .field("cancelled", &self.cancelled)
            .field("waiting", &self.waiting)
            .field("config", &self.config)
            .finish()
    }
}

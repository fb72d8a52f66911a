//! Snapshot of a bulkhead, for people and dashboards.

use super::{
    config::BulkheadConfig,
    inner::{Inner, Reason},
};
use crate::error::redact;
use std::{fmt, time::Duration};

/// Everything that is known about a bulkhead at one moment.
///
/// `limit`, `in_flight`, `queued` and `admitted` are of one moment; a call that is rejected while the
/// snapshot is taken may or may not be in it.
///
/// # Examples
///
/// ```
/// use gardefou::bulkhead::Bulkhead;
///
/// let reports = Bulkhead::builder("reports").max_concurrent(1).build()?;
/// let running = reports.try_acquire()?;
/// assert!(reports.try_acquire().is_err());
/// let snapshot = reports.snapshot();
/// assert_eq!((snapshot.limit, snapshot.in_flight, snapshot.available()), (1, 1, 0));
/// assert_eq!((snapshot.admitted, snapshot.rejected.full), (1, 1));
/// # drop(running);
/// # Ok::<(), gardefou::AppError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkheadSnapshot {
    /// The name of the bulkhead, as it was given; `Debug` shows no secret in it.
    pub name: String,
    /// How many calls may run at once: `max_concurrent` or what it was set to since, or the present
    /// limit of an adaptive bulkhead.
    pub limit: u32,
    /// How many calls run. More than `limit` where that was lowered since they were admitted.
    pub in_flight: u32,
    /// How many calls wait.
    pub queued: u32,
    /// How many calls were admitted since the bulkhead was made, those that run included.
    pub admitted: u64,
    /// How many calls were rejected, by the reason.
    pub rejected: RejectedCalls,
    /// How many calls were dropped by their callers while they waited.
    pub cancelled: u64,
    /// The longest time that a call has waited, whatever became of it.
    pub longest_wait: Duration,
    /// The configuration.
    pub config: BulkheadConfig,
}

/// Number of rejected calls by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RejectedCalls {
    /// All slots were taken, and calls do not wait.
    pub full: u64,
    /// All slots were taken, and all places in the queue.
    pub queue_full: u64,
    /// No slot became free within `max_wait`, or before the deadline of the call.
    pub timed_out: u64,
}

impl RejectedCalls {
    /// Returns the number of all rejected calls.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let closed = Bulkhead::builder("closed").max_concurrent(0).build()?;
    /// assert!(closed.try_acquire().is_err() && closed.acquire().is_err());
    /// assert_eq!(closed.snapshot().rejected.total(), 2);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn total(&self) -> u64 {
        self.full + self.queue_full + self.timed_out
    }
}

impl BulkheadSnapshot {
    pub(super) fn new(inner: &Inner) -> Self {
        inner.read(|word, admitted, locked| Self {
            name: inner.name.to_string(),
            limit: word.limit(),
            in_flight: word.in_flight(),
            queued: locked.queue.waiting(),
            admitted,
            rejected: RejectedCalls {
                full: inner.rejected(Reason::Full),
                queue_full: inner.rejected(Reason::QueueFull),
                timed_out: inner.rejected(Reason::TimedOut),
            },
            cancelled: inner.tallies.cancelled(),
            longest_wait: inner.longest_wait(),
            config: inner.config.get().clone(),
        })
    }

    /// Returns how many more calls can be admitted at this moment.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let reports = Bulkhead::builder("reports").max_concurrent(3).build()?;
    /// let _running = reports.try_acquire()?;
    /// assert_eq!(reports.snapshot().available(), 2);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[must_use]
    pub fn available(&self) -> u32 {
        self.limit.saturating_sub(self.in_flight)
    }
}

impl fmt::Debug for BulkheadSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkheadSnapshot")
            .field("name", &redact::name(&self.name))
            .field("limit", &self.limit)
            .field("in_flight", &self.in_flight)
            .field("queued", &self.queued)
            .field("admitted", &self.admitted)
            .field("rejected", &self.rejected)
            .field("cancelled", &self.cancelled)
            .field("longest_wait", &self.longest_wait)
            .field("config", &self.config)
            .finish()
    }
}

//! What a shipper has done, and what it waits for.

use crate::spool::Backlog;
use gardefou::time::Timestamp;
use std::time::Duration;

/// The state of a [`PostgresShipper`](crate::PostgresShipper), from memory.
///
/// Counts are those of the instance since its first record, also over restarts: they are kept in the
/// database, and are 0 until it is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShipperStatus {
    /// The identity of the instance, once the folder was opened.
    pub instance: Option<String>,
    /// Records that were written, or settled one that was.
    pub shipped: u64,
    /// Records that the database had already.
    pub duplicates: u64,
    /// Records older than the oldest day that the database keeps, which are left out.
    pub too_old: u64,
    /// Records of more than 30 days after the day of the server, which are left out.
    pub too_new: u64,
    /// Records that the server refused, one by one.
    pub refused: u64,
    /// Lines without a record.
    pub torn: u64,
    /// Lines that the retention of the journal removed before they were shipped, also those since the
    /// database was last reached.
    pub lost: u64,
    /// How many bytes of the journal are not shipped; `None` until the database was reached.
    pub waiting_bytes: Option<u64>,
    /// How old the oldest record is that is not shipped; `None` where none is, or that is not known.
    pub lag: Option<Duration>,
    /// Since when shipping fails.
    pub failing_since: Option<Timestamp>,
    /// The last failure, without secrets.
    pub last_error: Option<String>,
    /// Why days beyond the retention could not be removed the last time, without secrets; `None` once
    /// they are. Records are shipped meanwhile, and it is tried again after a minute.
    pub removal_error: Option<String>,
}

impl ShipperStatus {
    /// Returns `true` if the last attempt to ship went well, or there was none so far.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_postgres::ShipperStatus;
    ///
    /// assert!(ShipperStatus::default().is_healthy());
    /// ```
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.failing_since.is_none()
    }
}

/// Counts as the database keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) shipped: i64,
    pub(crate) duplicates: i64,
    pub(crate) too_old: i64,
    pub(crate) too_new: i64,
    pub(crate) refused: i64,
    pub(crate) torn: i64,
    pub(crate) lost: i64,
}

/// What the status is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracked {
    pub(crate) instance: Option<String>,
    pub(crate) totals: Totals,
    pub(crate) backlog: Option<Backlog>,
    pub(crate) failing_since: Option<Timestamp>,
    pub(crate) last_error: Option<String>,
    pub(crate) removal_error: Option<String>,
}

impl Tracked {
    pub(crate) fn status_at(&self, now: Timestamp) -> ShipperStatus {
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        let totals = self.totals;
        let backlog = self.backlog;
        ShipperStatus {
            instance: self.instance.clone(),
            shipped: count(totals.shipped),
            duplicates: count(totals.duplicates),
            too_old: count(totals.too_old),
            too_new: count(totals.too_new),
            refused: count(totals.refused),
            torn: count(totals.torn),
            lost: count(totals.lost) + backlog.map_or(0, |backlog| backlog.lost),
            waiting_bytes: backlog.map(|backlog| backlog.bytes),
            lag: backlog
                .and_then(|backlog| backlog.oldest)
                .map(|oldest| now.since(oldest)),
            failing_since: self.failing_since,
            last_error: self.last_error.clone(),
            removal_error: self.removal_error.clone(),
        }
    }
}

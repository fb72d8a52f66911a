//! Events of transactions.

use super::{record::cell::RecordSlot, shown::debug_with_names};
use crate::named::named;
use std::time::Duration;

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransactionOutcome {
    /// Its body succeeded.
    Committed,
    /// Its body failed or panicked, and the compensations were run.
    RolledBack,
    /// Its future was dropped before its body ended, and the compensations were run. This is no
    /// failure: the caller no longer waits.
    Cancelled,
}

named! {
    /// Returns the outcome's name as it stands in records, for example `rolled_back`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(gardefou::event::TransactionOutcome::RolledBack.name(), "rolled_back");
    /// ```
    TransactionOutcome {
        Committed = "committed",
        RolledBack = "rolled_back",
        Cancelled = "cancelled",
    }
}

/// The end of a transaction, rollback included.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct TransactionEvent<'a> {
    /// The transaction's name.
    pub operation: &'a str,
    /// The module that it stands in.
    pub component: &'a str,
    /// How it ended.
    pub outcome: TransactionOutcome,
    /// How long it ran, where that was measured (where the level debug is on).
    pub elapsed: Option<Duration>,
    /// How many compensations ran, failed ones included.
    pub compensations: usize,
    /// How many compensations failed, or could not run.
    pub failed_compensations: usize,
    /// Where observers find the event's record.
    pub(crate) record: RecordSlot<'a>,
}

debug_with_names!(TransactionEvent { operation, component; outcome, elapsed, compensations, failed_compensations });

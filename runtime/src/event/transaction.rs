//! How transactions end.

use super::RecordSlot;
use std::time::Duration;

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransactionOutcome {
    /// Its body succeeded.
    Committed,
    /// Its body failed, panicked or was dropped, and the compensations were run.
    RolledBack,
}

/// The end of a transaction.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TransactionEvent<'a> {
    /// The transaction's name.
    pub operation: &'a str,
    /// The module that it stands in.
    pub component: &'a str,
    /// How it ended.
    pub outcome: TransactionOutcome,
    /// How long it ran, where that was measured (where the level info is on).
    pub elapsed: Option<Duration>,
    /// How many compensations failed, or could not run.
    pub failed_compensations: usize,
    /// Where observers find the event's record.
    pub(crate) record: RecordSlot<'a>,
}

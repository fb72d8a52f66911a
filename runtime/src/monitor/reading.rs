//! What a scrape reads of a monitor: its counts alone, without texts and recent errors.

use super::{
    handle::ErrorMonitor,
    retries::RetryOutcome,
    tables::{CountRow, ErrorTables},
};
use std::sync::Arc;

/// The counts of a monitor since its start or the last `clear`.
#[derive(Clone, Debug, Default)]
pub(crate) struct MonitorReading {
    /// By code, errors by the number of their level.
    pub(crate) codes: Vec<(Arc<str>, [u64; 4])>,
    /// By retry, calls by the number of their outcome, and the attempts of all of them.
    pub(crate) retries: Vec<(Arc<str>, [u64; RETRY_OUTCOMES], u64)>,
}

pub(crate) const RETRY_OUTCOMES: usize = RetryOutcome::ALL.len();

impl MonitorReading {
    fn new(tables: &ErrorTables) -> Self {
        let all = |row: &CountRow| (Arc::clone(&row.name), row.by_level);
        let codes = tables.codes.iter().map(|(_, row)| all(row));
        let other = Some(tables.codes.other()).filter(|row| row.count > 0);
        let retries = tables.retries.iter().map(|(_, row)| row.reading());
        let other_retries = Some(tables.retries.other().reading());
        let has_calls =
            |(_, calls, _): &(_, [u64; RETRY_OUTCOMES], _)| calls.iter().sum::<u64>() > 0;
        Self {
            codes: codes.chain(other.map(all)).collect(),
            retries: retries.chain(other_retries).filter(has_calls).collect(),
        }
    }
}

impl ErrorMonitor {
    /// Reads the counts. Errors that are recorded meanwhile wait for nothing, except where the counts
    /// of a thread are full just then.
    pub(crate) fn reading(&self) -> MonitorReading {
        self.read_counts(MonitorReading::new)
    }
}

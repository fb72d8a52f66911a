//! A journal in memory, for tests.

use super::{
    api::Journal,
    daily_counts::ErrorCounts,
    error::JournalError,
    query::{Cursor, Page, Query},
    status::JournalStatus,
};
use crate::{
    error::ErrorId,
    event::{Record, RecordKind, RecordState},
    sync::Mutex,
};
use std::collections::HashMap;

/// A journal that keeps every record in memory: for tests, since it grows without bound.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, monitor::journal::MemoryJournal};
/// use gardefou::monitor::{ErrorMonitor, MonitorConfig};
/// use std::sync::Arc;
///
/// let journal = Arc::new(MemoryJournal::new());
/// let monitor = ErrorMonitor::new(MonitorConfig::default());
/// monitor.set_journal(journal.clone());
/// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk quota exceeded"));
/// assert_eq!(journal.records()[0].message, "disk quota exceeded");
/// ```
#[derive(Debug, Default)]
pub struct MemoryJournal(Mutex<Records>);

#[derive(Debug, Default)]
struct Records {
    records: Vec<Record>,
    /// The indices of records that may be joined with a later one.
    joined: HashMap<(ErrorId, RecordKind), usize>,
    written: u64,
}

impl MemoryJournal {
    /// Makes an empty journal.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::MemoryJournal;
    ///
    /// assert!(MemoryJournal::new().records().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns all records, oldest first. Two that are one (see [`Journal`]) have the place of the
    /// first and the contents of the last.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::MemoryJournal}};
    /// use std::sync::Arc;
    ///
    /// let journal = Arc::new(MemoryJournal::new());
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.set_journal(journal.clone());
    /// for message in ["first", "second"] {
    ///     monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, message));
    /// }
    /// let messages: Vec<_> = journal.records().into_iter().map(|record| record.message).collect();
    /// assert_eq!(messages, ["first", "second"]);
    /// ```
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.0.lock().records.clone()
    }
}

impl Journal for MemoryJournal {
    fn append(&self, record: &Record) -> Result<(), JournalError> {
        let mut kept = self.0.lock();
        kept.written += 1;
        let key = (record.id, record.kind);
        let earlier = if record.is_joined() {
            kept.joined.get(&key).copied()
        } else {
            None
        };
        if let Some(at) = earlier {
            kept.records[at] = record.clone();
            return Ok(());
        }
        if record.is_joined() {
            let at = kept.records.len();
            kept.joined.insert(key, at);
        }
        kept.records.push(record.clone());
        Ok(())
    }

    fn query(&self, query: &Query) -> Result<Page, JournalError> {
        let kept = self.0.lock();
        let place = |at: usize| Cursor::new(0, at as u64);
        let newest_first = kept.records.iter().enumerate().rev();
        let older = newest_first
            .filter(|(at, _)| query.parts().after.is_none_or(|before| place(*at) < before));
        let mut matching = older.filter(|(_, record)| query.matches(record));
        let page: Vec<_> = matching.by_ref().take(query.parts().limit).collect();
        let next = matching
            .next()
            .and_then(|_| page.last())
            .map(|(at, _)| place(*at));
        Ok(Page::new(
            page.into_iter()
                .map(|(_, record)| query.shown(record.clone()))
                .collect(),
            next,
        ))
    }

    fn counts(&self) -> Result<ErrorCounts, JournalError> {
        let kept = self.0.lock();
        let errors = kept
            .records
            .iter()
            .filter(|it| it.kind == RecordKind::Error && it.state != RecordState::Retried);
        Ok(errors
            .map(|record| (record.timestamp, record.error_code.as_str()))
            .collect())
    }

    fn flush(&self) -> Result<(), JournalError> {
        Ok(())
    }

    fn status(&self) -> JournalStatus {
        JournalStatus {
            written: self.0.lock().written,
            ..JournalStatus::default()
        }
    }
}

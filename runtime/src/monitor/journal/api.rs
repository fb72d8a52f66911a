//! The interface of journals.

use super::{
    claims::{self, Claim},
    daily_counts::ErrorCounts,
    error::JournalError,
    query::{Page, Query},
    status::JournalStatus,
};
use crate::{error::ErrorId, event::Record};
use std::fmt;

/// A store that keeps errors beyond the process.
///
/// The monitor calls [`append`](Self::append) on the thread that reports the error, after all its
/// locks are released. An implementation must be quick, must not block without bound, and must not
/// itself report errors through this library.
///
/// Two records with one [`id`](crate::monitor::ErrorRecord::id) and kind are one: an error in the
/// state [`Pending`](crate::monitor::RecordState::Pending), and the same error in the state
/// [`Error`](crate::monitor::RecordState::Error) or
/// [`Retried`](crate::monitor::RecordState::Retried) within a minute; the transition that opened a
/// circuit, and the same one when the circuit is no longer open. [`query`](Self::query) returns one
/// record for both, with the contents of the last; [`counts`](Self::counts) has each error once and
/// none that is retried. An error that stays pending counts as one that stands. Records of other
/// [kinds](crate::event::RecordKind) than `Error`, for example of transitions and notifications, are
/// appended too, and are not counted.
///
/// # Examples
///
/// A journal in a list:
///
/// ```
/// use gardefou::{AppError, ErrorCode, event::{Record, RecordKind, RecordState}};
/// use gardefou::monitor::{ErrorMonitor, MonitorConfig};
/// use gardefou::monitor::journal::{Cursor, ErrorCounts, Journal, JournalError, JournalStatus, Page, Query};
/// use std::sync::{Arc, Mutex};
///
/// #[derive(Debug, Default)]
/// struct ListJournal(Mutex<Vec<Record>>);
///
/// impl Journal for ListJournal {
///     fn append(&self, record: &Record) -> Result<(), JournalError> {
///         let mut kept = self.0.lock().unwrap();
///         let is_same = |other: &&mut Record| (other.id, other.kind) == (record.id, record.kind);
///         match kept.iter_mut().find(is_same).filter(|_| record.is_joined()) {
///             Some(earlier) => *earlier = record.clone(),
///             None => kept.push(record.clone()),
///         }
///         Ok(())
///     }
///
///     fn query(&self, query: &Query) -> Result<Page, JournalError> {
///         let kept = self.0.lock().unwrap();
///         let place = |at: usize| Cursor::new(0, at as u64);
///         let is_older = |at: usize| query.parts().after.is_none_or(|after| place(at) < after);
///         let newest_first = kept.iter().enumerate().rev().filter(|(at, _)| is_older(*at));
///         let mut found = newest_first.filter_map(|(at, record)| Some((at, query.matching(record.clone())?)));
///         let (places, records): (Vec<_>, Vec<_>) = found.by_ref().take(query.parts().limit).unzip();
///         let next = found.next().and(places.last().copied()).map(place);
///         Ok(Page::new(records, next))
///     }
///
///     fn counts(&self) -> Result<ErrorCounts, JournalError> {
///         let kept = self.0.lock().unwrap();
///         let errors = kept.iter().filter(|record| record.kind == RecordKind::Error && record.state != RecordState::Retried);
///         Ok(errors.map(|record| (record.timestamp, &*record.error_code)).collect())
///     }
///
///     fn flush(&self) -> Result<(), JournalError> {
///         Ok(()) // nothing waits
///     }
///
///     fn status(&self) -> JournalStatus {
///         let mut status = JournalStatus::default();
///         status.written = self.0.lock().unwrap().len() as u64;
///         status
///     }
/// }
///
/// let monitor = ErrorMonitor::new(MonitorConfig::default());
/// monitor.set_journal(Arc::new(ListJournal::default()));
/// for message in ["late", "out of step"] {
///     monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, message));
/// }
/// let newest = monitor.query(&Query::new().limit(1))?;
/// let older = monitor.query(&Query::new().after(newest.next.unwrap()))?;
/// assert_eq!((&*newest.records[0].message, &*older.records[0].message), ("out of step", "late"));
/// assert_eq!((older.next, monitor.counts()?.total), (None, 2));
/// # Ok::<(), JournalError>(())
/// ```
pub trait Journal: fmt::Debug + Send + Sync + 'static {
    /// Appends one record. `Ok` means that it is as safe as this journal can make it.
    ///
    /// # Errors
    ///
    /// The record could not be kept, or not yet.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{FileJournal, Journal, JournalConfig, Query}}};
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-journal-append-{}", std::process::id()));
    /// # let journal = Arc::new(FileJournal::open(JournalConfig::builder(folder).build()?));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(journal.clone());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// # let record = monitor.stats().recent_errors.remove(0);
    /// let before = journal.status().written;
    /// journal.append(&record)?;
    /// assert_eq!(journal.status().written, before + 1);
    /// # drop((monitor, journal));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    fn append(&self, record: &Record) -> Result<(), JournalError>;

    /// Returns one page of records, newest first.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{FileJournal, Journal, JournalConfig, Query}}};
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-journal-query-{}", std::process::id()));
    /// # let journal = Arc::new(FileJournal::open(JournalConfig::builder(folder).build()?));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(journal.clone());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// let page = journal.query(&Query::new().limit(10))?;
    /// assert_eq!((&*page.records[0].message, page.next), ("late", None));
    /// # drop((monitor, journal));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    fn query(&self, query: &Query) -> Result<Page, JournalError>;

    /// Returns how many errors there were by code and by UTC day, also of those that are no longer
    /// kept.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{FileJournal, Journal, JournalConfig, Query}}};
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-journal-counts-{}", std::process::id()));
    /// # let journal = Arc::new(FileJournal::open(JournalConfig::builder(folder).build()?));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(journal.clone());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// let counts = journal.counts()?;
    /// assert_eq!((counts.total, counts.by_code["SYNC_ERROR"], counts.by_day.len()), (1, 1, 1));
    /// # drop((monitor, journal));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    fn counts(&self) -> Result<ErrorCounts, JournalError>;

    /// Writes the records that wait in a buffer.
    ///
    /// # Errors
    ///
    /// They cannot be written now; they still wait.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{FileJournal, Journal, JournalConfig, Query}}};
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-journal-flush-{}", std::process::id()));
    /// # let journal = Arc::new(FileJournal::open(JournalConfig::builder(folder).build()?));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(journal.clone());
    /// monitor.record_at(Severity::Info, &AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// journal.flush()?;
    /// assert_eq!(journal.status().waiting, 0);
    /// # drop((monitor, journal));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    fn flush(&self) -> Result<(), JournalError>;

    /// Checks whether records can be written, as far as that is possible without writing one. The
    /// error system calls this when it starts, and logs a warning for an error; the default returns
    /// `Ok`.
    ///
    /// # Errors
    ///
    /// Nothing can be written now.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::{FileJournal, Journal, JournalConfig};
    ///
    /// # let file = std::env::temp_dir().join(format!("gardefou-journal-check-{}", std::process::id()));
    /// # std::fs::write(&file, "")?;
    /// // A file is in the way of the folder.
    /// let journal = FileJournal::open(JournalConfig::builder(&file).build()?);
    /// assert!(journal.check().is_err() && !journal.status().is_healthy());
    /// # drop(journal);
    /// # std::fs::remove_file(&file)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn check(&self) -> Result<(), JournalError> {
        Ok(())
    }

    /// Returns the status of the journal, from memory. It must not wait for a write that is under
    /// way: a caller (health, for each report) would hang with a disk that hangs.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{FileJournal, Journal, JournalConfig, Query}}};
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-journal-status-{}", std::process::id()));
    /// # let journal = Arc::new(FileJournal::open(JournalConfig::builder(folder).build()?));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(journal.clone());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// let status = journal.status();
    /// assert_eq!((status.written, status.waiting, status.lost, status.failing_since), (1, 0, 0, None));
    /// # drop((monitor, journal));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    fn status(&self) -> JournalStatus;

    /// Claims the notifications of `owner`, an identity that alerting made for itself and wrote
    /// into its records. Returns `None` while the claim is held elsewhere. A claim ends with the
    /// process that holds it.
    ///
    /// Alerting delivers what an earlier process left only with a claim on its owner, so that of
    /// several processes that start on one journal one delivers it. The journals of the library
    /// claim against all processes that share their folder; the default claims against this process
    /// alone.
    ///
    /// # Errors
    ///
    /// Nothing can be claimed here, for example on a file system without locks. Alerting then
    /// delivers without a claim.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{error::ErrorId, monitor::journal::{FileJournal, Journal, JournalConfig}};
    ///
    /// # let folder = std::env::temp_dir().join(format!("gardefou-claim-{}", std::process::id()));
    /// let journal = FileJournal::open(JournalConfig::builder(&folder).build()?);
    /// let owner = ErrorId::new();
    /// let claim = journal.claim(owner)?;
    /// assert!(claim.is_some() && journal.claim(owner)?.is_none());
    /// drop(claim);
    /// assert!(journal.claim(owner)?.is_some());
    /// # drop(journal);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn claim(&self, owner: ErrorId) -> Result<Option<Claim>, JournalError> {
        Ok(claims::in_process(owner))
    }

    /// Returns how many records match the query, whatever its limit and cursor.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{FileJournal, Journal, JournalConfig, Query}}};
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-journal-count-{}", std::process::id()));
    /// # let journal = Arc::new(FileJournal::open(JournalConfig::builder(folder).build()?));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(journal.clone());
    /// for i in 0..3 {
    ///     monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, format!("late {i}")));
    /// }
    /// assert_eq!(journal.count(&Query::new().limit(1))?, 3);
    /// # drop((monitor, journal));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    fn count(&self, query: &Query) -> Result<u64, JournalError> {
        let mut query = query.clone().without_cursor().limit(Query::MAX_LIMIT);
        let mut total = 0;
        loop {
            let page = self.query(&query)?;
            total += page.records.len() as u64;
            match page.next {
                Some(next) => query = query.after(next),
                None => return Ok(total),
            }
        }
    }
}

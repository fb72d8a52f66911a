//! What every journal can do.

use super::{
    Counts, Page, Query,
    claims::{self, Claim},
};
use crate::{error::ErrorId, monitor::ErrorRecord, time::Timestamp};
use std::{fmt, io};

/// A place that keeps errors beyond the process.
///
/// The monitor calls [`append`](Self::append) on the thread that reports the error, after all its
/// locks are gone. An implementation must be quick, must not block without bound, and must not
/// itself report errors through this library.
///
/// Two records with one [`id`](crate::monitor::ErrorRecord::id) and kind are one: an error in the
/// state [`Pending`](crate::monitor::RecordState::Pending), and the same error in the state
/// [`Error`](crate::monitor::RecordState::Error) or
/// [`Retried`](crate::monitor::RecordState::Retried) within a minute; the transition that opened a
/// circuit, and the same one when the circuit is no longer open. [`query`](Self::query) returns one
/// record for both, with the contents of the last; [`counts`](Self::counts) has each error once and
/// none that is retried. One that stays pending is an error.
pub trait Journal: fmt::Debug + Send + Sync + 'static {
    /// Appends one record. `Ok` says that it is as safe as this journal can make it.
    ///
    /// # Errors
    ///
    /// The record could not be kept, or not yet.
    fn append(&self, record: &ErrorRecord) -> Result<(), JournalError>;

    /// Returns one page of records, newest first.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn query(&self, query: &Query) -> Result<Page, JournalError>;

    /// Returns how many errors there were by code and by UTC day, also of those that are no longer
    /// kept.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn counts(&self) -> Result<Counts, JournalError>;

    /// Writes what waits in a buffer.
    ///
    /// # Errors
    ///
    /// It cannot be written now; it still waits.
    fn flush(&self) -> Result<(), JournalError>;

    /// Tries whether records can be written, as far as that can be known without one. The error
    /// system asks when it starts, and warns; the default says that all is well.
    ///
    /// # Errors
    ///
    /// Nothing can be written now.
    fn check(&self) -> Result<(), JournalError> {
        Ok(())
    }

    /// Tells how the journal is doing, from memory: it must not wait for a write that is under way,
    /// or whoever asks (health does, for each report) would hang with a disk that hangs.
    fn status(&self) -> JournalStatus;

    /// Claims the notifications of `owner`, which alerting made up for itself and wrote into its
    /// records. Returns `None` while the claim is held elsewhere. A claim ends with the process
    /// that holds it.
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

/// How a journal is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalStatus {
    /// Records that were written.
    pub written: u64,
    /// Records that could not be written at once; some of them were written later.
    pub failed: u64,
    /// Records that were given up: those for which `buffer_bytes` had no room while nothing could
    /// be written, and those that still waited when the journal was dropped.
    pub lost: u64,
    /// Records that wait to be written.
    pub waiting: u64,
    /// Since when nothing can be written; absent while all is well.
    pub failing_since: Option<Timestamp>,
    /// What went wrong last, if anything did: why a write failed, why old records could not be
    /// removed, which file could not be read, or which damaged file was put aside.
    pub last_error: Option<String>,
}

impl JournalStatus {
    /// Tells whether the last write succeeded.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.failing_since.is_none()
    }
}

serialize_fields!(JournalStatus {
    written,
    failed,
    lost,
    waiting,
    failing_since,
    last_error
});

/// A journal cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[error("journal: cannot {action}")]
pub struct JournalError {
    action: &'static str,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl JournalError {
    /// Makes an error that says what could not be done, as `append a record`, and why.
    #[must_use]
    pub fn new(
        action: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            action,
            source: Some(source.into()),
        }
    }

    /// The answer for a record that is lost.
    pub(super) fn refused() -> Self {
        Self {
            action: "keep a record: those that wait take all of `buffer_bytes`",
            source: None,
        }
    }

    /// The answer while the journal waits before it tries again.
    pub(super) fn waiting() -> Self {
        Self {
            action: "write at present; the record waits",
            source: None,
        }
    }

    pub(super) fn io(action: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::new(action, source)
    }
}

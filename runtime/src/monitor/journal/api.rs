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
/// none that is retried. An error that stays pending counts as one that stands.
pub trait Journal: fmt::Debug + Send + Sync + 'static {
    /// Appends one record. `Ok` means that it is as safe as this journal can make it.
    ///
    /// # Errors
    ///
    /// The record could not be kept, or not yet.
    fn append(&self, record: &Record) -> Result<(), JournalError>;

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
    fn counts(&self) -> Result<ErrorCounts, JournalError>;

    /// Writes the records that wait in a buffer.
    ///
    /// # Errors
    ///
    /// They cannot be written now; they still wait.
    fn flush(&self) -> Result<(), JournalError>;

    /// Checks whether records can be written, as far as that is possible without writing one. The
    /// error system calls this when it starts, and logs a warning for an error; the default returns
    /// `Ok`.
    ///
    /// # Errors
    ///
    /// Nothing can be written now.
    fn check(&self) -> Result<(), JournalError> {
        Ok(())
    }

    /// Returns the status of the journal, from memory. It must not wait for a write that is under
    /// way: a caller (health, for each report) would hang with a disk that hangs.
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

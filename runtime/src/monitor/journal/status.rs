//! The status of a journal: what was written, what waits, and what is wrong.

use super::error::JournalError;
use crate::monitor::serialize::serialize_fields;
use crate::{
    event::{self, names},
    sync::{AtomicU64, Mutex, Ordering},
    time::Timestamp,
};
use std::{
    collections::BTreeSet,
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
};

/// The status of a journal.
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
    /// Returns `true` if the last write succeeded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::JournalStatus;
    ///
    /// let mut status = JournalStatus::default();
    /// assert!(status.is_healthy());
    /// status.failing_since = Some(std::time::SystemTime::now().into());
    /// assert!(!status.is_healthy());
    /// ```
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

/// Keeps the status of a journal, and logs when it changes; to the standard error where no subscriber
/// of `tracing` takes an error.
///
/// # Examples
///
/// ```
/// use gardefou::{monitor::journal::support::{StatusTracker, WriteOutcome}, time::Timestamp};
/// use std::io;
///
/// let tracker = StatusTracker::new("/var/lib/app");
/// let now = Timestamp::from_unix_millis(1_800_000_000_000);
/// let full = WriteOutcome::Failed(0, io::Error::from(io::ErrorKind::StorageFull));
/// assert!(tracker.record_write(full, now, 1).is_err());
/// assert_eq!((tracker.status().failed, tracker.status().failing_since), (1, Some(now)));
///
/// tracker.record_write(WriteOutcome::<io::Error>::Written(1), now, 0)?;
/// assert_eq!((tracker.status().written, tracker.status().is_healthy()), (1, true));
/// # Ok::<(), gardefou::monitor::journal::JournalError>(())
/// ```
#[derive(Debug)]
pub struct StatusTracker {
    folder: PathBuf,
    tracked: Mutex<Tracked>,
    /// How many records wait. Stored under the lock of the waiting records, so that `status` need
    /// not take that lock, which is held while the disk works. Relaxed: it is only shown.
    waiting: AtomicU64,
}

/// What the lock of a tracker guards.
#[derive(Debug, Default)]
struct Tracked {
    status: JournalStatus,
    /// Whether the last attempt to remove old records failed: logged once, until one succeeds.
    cannot_remove: bool,
    /// Files that cannot be read, each reported once.
    unreadable: BTreeSet<PathBuf>,
    /// How many records found no room since writing began to fail.
    refused: u64,
}

/// How many files that cannot be read are remembered as reported.
const MAX_UNREADABLE: usize = 100;

/// The outcome of a write of all records that wait.
#[derive(Debug)]
pub enum WriteOutcome<E> {
    /// All waiting records are written: their number.
    Written(u64),
    /// Nothing was tried, because the last attempt failed just now.
    Paused,
    /// The write failed: the number of records that were written before, and the error.
    Failed(u64, E),
}

/// A change of the status that the log shows.
#[derive(Debug)]
#[must_use = "is to be logged once every lock is released"]
pub(super) enum Change {
    None,
    /// Writing failed for the first time since it last succeeded, for this reason.
    Failing(String),
    /// Writing succeeded again.
    Resumed {
        since: Timestamp,
        lost: u64,
    },
}

impl StatusTracker {
    /// Makes the tracker of a journal in a folder, which log lines name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::{JournalStatus, support::StatusTracker};
    ///
    /// assert_eq!(StatusTracker::new("logs").status(), JournalStatus::default());
    /// ```
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            tracked: Mutex::default(),
            waiting: AtomicU64::new(0),
        }
    }

    /// Returns the status; waits for no write.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{monitor::journal::{JournalError, support::{StatusTracker, WriteOutcome}}, time::Timestamp};
    /// # use std::io;
    /// # let now = Timestamp::from_unix_millis(1_800_000_000_000);
    /// let tracker = StatusTracker::new("logs");
    /// tracker.record_write(WriteOutcome::<io::Error>::Written(3), now, 3)?;
    /// assert_eq!(tracker.status().written, 3);
    /// # Ok::<(), JournalError>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> JournalStatus {
        let waiting = self.waiting.load(Ordering::Relaxed);
        JournalStatus {
            waiting,
            ..self.tracked.lock().status.clone()
        }
    }

    /// Sets how many records wait now.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{monitor::journal::{JournalError, support::{StatusTracker, WriteOutcome}}, time::Timestamp};
    /// # use std::io;
    /// # let now = Timestamp::from_unix_millis(1_800_000_000_000);
    /// let tracker = StatusTracker::new("logs");
    /// tracker.set_waiting(7);
    /// assert_eq!(tracker.status().waiting, 7);
    /// ```
    pub fn set_waiting(&self, records: u64) {
        self.waiting.store(records, Ordering::Relaxed);
    }

    /// Records the outcome of a write; `records` is how many were appended just now.
    ///
    /// # Errors
    ///
    /// The write failed, or was not tried: the records wait.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{monitor::journal::{JournalError, support::{StatusTracker, WriteOutcome}}, time::Timestamp};
    /// # use std::io;
    /// # let now = Timestamp::from_unix_millis(1_800_000_000_000);
    /// let tracker = StatusTracker::new("logs");
    /// let full = io::Error::from(io::ErrorKind::StorageFull);
    /// assert!(tracker.record_write(WriteOutcome::Failed(2, full), now, 1).is_err());
    /// assert!(tracker.record_write(WriteOutcome::<io::Error>::Paused, now, 1).is_err());
    /// let status = tracker.status();
    /// assert_eq!((status.written, status.failed, status.failing_since), (2, 2, Some(now)));
    /// ```
    pub fn record_write<E: Error + Send + Sync + 'static>(
        &self,
        outcome: WriteOutcome<E>,
        wall: Timestamp,
        records: u64,
    ) -> Result<(), JournalError> {
        self.log(self.track_write(&outcome, wall, records));
        match outcome {
            WriteOutcome::Written(_) => Ok(()),
            WriteOutcome::Paused => Err(JournalError::waiting()),
            WriteOutcome::Failed(_, err) => Err(JournalError::new("append a record", err)),
        }
    }

    /// Does what [`record_write`](Self::record_write) does without a line in the log, for a caller
    /// that others wait for.
    pub(super) fn track_write<E: fmt::Display>(
        &self,
        outcome: &WriteOutcome<E>,
        wall: Timestamp,
        records: u64,
    ) -> Change {
        match outcome {
            WriteOutcome::Written(written) => self.track_success(*written),
            WriteOutcome::Paused => {
                self.tracked.lock().status.failed += records;
                Change::None
            }
            WriteOutcome::Failed(written, err) => self.track_failure(*written, wall, records, err),
        }
    }

    /// Records whether anything can be written.
    ///
    /// # Errors
    ///
    /// Nothing can; the cause is the source.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{monitor::journal::{JournalError, support::{StatusTracker, WriteOutcome}}, time::Timestamp};
    /// # use std::io;
    /// # let now = Timestamp::from_unix_millis(1_800_000_000_000);
    /// let tracker = StatusTracker::new("logs");
    /// let full = io::Error::from(io::ErrorKind::StorageFull);
    /// assert!(tracker.record_check(Err(full), now).is_err());
    /// assert_eq!((tracker.status().failed, tracker.status().is_healthy()), (0, false));
    /// ```
    pub fn record_check<E: Error + Send + Sync + 'static>(
        &self,
        checked: Result<(), E>,
        wall: Timestamp,
    ) -> Result<(), JournalError> {
        checked.map_err(|err| {
            self.log(self.track_failure(0, wall, 0, &err));
            JournalError::new("write", err)
        })
    }

    /// Counts a record that found no room among those that wait, and returns the error for it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{monitor::journal::{JournalError, support::{StatusTracker, WriteOutcome}}, time::Timestamp};
    /// # use std::io;
    /// # let now = Timestamp::from_unix_millis(1_800_000_000_000);
    /// let tracker = StatusTracker::new("logs");
    /// let err = tracker.refuse();
    /// assert!(err.to_string().contains("`buffer_bytes`"));
    /// assert_eq!((tracker.status().failed, tracker.status().lost), (1, 1));
    /// ```
    pub fn refuse(&self) -> JournalError {
        let mut tracked = self.tracked.lock();
        tracked.status.failed += 1;
        tracked.status.lost += 1;
        tracked.refused += 1;
        let is_new = tracked.refused == 1;
        drop(tracked);
        let err = JournalError::refused();
        if is_new {
            self.report_trouble(&err, "further records are lost until it can write again");
        }
        err
    }

    /// Reports a file that cannot be read, for example one of another user. Queries and counts
    /// leave it out.
    pub(super) fn report_unreadable(&self, file: &Path, err: &io::Error) {
        let mut tracked = self.tracked.lock();
        tracked.status.last_error = Some(format!("cannot read {}: {err}", file.display()));
        let is_new =
            tracked.unreadable.len() < MAX_UNREADABLE && tracked.unreadable.insert(file.to_owned());
        drop(tracked);
        if is_new {
            self.report_trouble(
                err,
                &format!("cannot read {}, whose records are left out", file.display()),
            );
        }
    }

    /// Reports the records that still wait when the journal is dropped: they are lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{monitor::journal::{JournalError, support::{StatusTracker, WriteOutcome}}, time::Timestamp};
    /// # use std::io;
    /// # let now = Timestamp::from_unix_millis(1_800_000_000_000);
    /// let tracker = StatusTracker::new("logs");
    /// tracker.set_waiting(2);
    /// tracker.report_lost(&JournalError::new("write", io::Error::from(io::ErrorKind::StorageFull)));
    /// assert_eq!((tracker.status().waiting, tracker.status().lost), (0, 2));
    /// ```
    pub fn report_lost(&self, err: &JournalError) {
        let lost = self.waiting.swap(0, Ordering::Relaxed);
        self.tracked.lock().status.lost += lost;
        if lost > 0 {
            let cause = err
                .source()
                .map(|cause| format!(": {cause}"))
                .unwrap_or_default();
            self.report_trouble(
                &format_args!("{err}{cause}"),
                &format!("{lost} records are lost at its end"),
            );
        }
    }

    /// Records whether old records could be removed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{monitor::journal::{JournalError, support::{StatusTracker, WriteOutcome}}, time::Timestamp};
    /// # use std::io;
    /// # let now = Timestamp::from_unix_millis(1_800_000_000_000);
    /// let tracker = StatusTracker::new("logs");
    /// tracker.record_removal(&Err("the disk is read-only"));
    /// let error = tracker.status().last_error.unwrap();
    /// assert_eq!(error, "cannot remove old records: the disk is read-only");
    /// ```
    pub fn record_removal<E: fmt::Display>(&self, removed: &Result<(), E>) {
        let mut tracked = self.tracked.lock();
        // While nothing can be written either, that is logged already, and matters more.
        if tracked.status.failing_since.is_some() {
            return;
        }
        let is_new = !std::mem::replace(&mut tracked.cannot_remove, removed.is_err());
        let Err(err) = removed else { return };
        tracked.status.last_error = Some(format!("cannot remove old records: {err}"));
        drop(tracked);
        if is_new {
            self.report_trouble(err, "cannot remove old records; the folder grows");
        }
    }

    /// Reports a damaged file that was put aside.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{monitor::journal::{JournalError, support::{StatusTracker, WriteOutcome}}, time::Timestamp};
    /// # use std::io;
    /// # let now = Timestamp::from_unix_millis(1_800_000_000_000);
    /// let tracker = StatusTracker::new("logs");
    /// tracker.report_damaged("logs/errors.damaged".as_ref(), &"not a database");
    /// let error = tracker.status().last_error.unwrap();
    /// assert_eq!(error, "a damaged file was put aside as logs/errors.damaged: not a database");
    /// ```
    pub fn report_damaged(&self, file: &Path, err: &dyn fmt::Display) {
        let text = format!("a damaged file was put aside as {}: {err}", file.display());
        self.tracked.lock().status.last_error = Some(text);
        tracing::error!(
            target: names::TARGET_JOURNAL,
            file = %file.display(),
            error = %err,
            "journal: a damaged file was put aside"
        );
    }

    /// Counts so many written records; zero shows nothing about the disk.
    fn track_success(&self, records: u64) -> Change {
        if records == 0 {
            return Change::None;
        }
        let mut tracked = self.tracked.lock();
        tracked.status.written += records;
        let lost = std::mem::take(&mut tracked.refused);
        match tracked.status.failing_since.take() {
            Some(since) => Change::Resumed { since, lost },
            None => Change::None,
        }
    }

    fn track_failure(
        &self,
        written: u64,
        wall: Timestamp,
        records: u64,
        err: &dyn fmt::Display,
    ) -> Change {
        let text = err.to_string();
        let mut tracked = self.tracked.lock();
        let status = &mut tracked.status;
        status.written += written;
        status.failed += records;
        let is_new = status.failing_since.is_none();
        status.failing_since.get_or_insert(wall);
        status.last_error = Some(text.clone());
        if is_new {
            Change::Failing(text)
        } else {
            Change::None
        }
    }

    /// Logs a change of the status. Foreign code runs here: no lock may be held.
    pub(super) fn log(&self, change: Change) {
        match change {
            Change::None => {}
            Change::Failing(err) => {
                self.report_trouble(&err, "cannot write; errors wait in memory");
            }
            Change::Resumed { since, lost: 0 } => {
                tracing::info!(target: names::TARGET_JOURNAL, %since, "journal: writing again");
            }
            Change::Resumed { since, lost } => tracing::warn!(
                target: names::TARGET_JOURNAL, %since, "journal: writing again; {lost} records found no room and are lost"
            ),
        }
    }

    fn report_trouble(&self, error: &dyn fmt::Display, what: &str) {
        report_trouble(&self.folder, error, what);
    }
}

/// Logs trouble with a journal, or writes it to the standard error where no subscriber takes the
/// log.
pub fn report_trouble(folder: &Path, error: &dyn fmt::Display, what: &str) {
    let folder = folder.display();
    if tracing::enabled!(target: names::TARGET_JOURNAL, tracing::Level::ERROR) {
        tracing::error!(target: names::TARGET_JOURNAL, %folder, %error, "journal: {what}");
    } else {
        event::to_stderr(format_args!("journal in {folder}: {what}: {error}"));
    }
}

//! A reader of a journal that another process may be writing.

use super::{
    error::JournalError,
    query::Query,
    read_error::ReadError,
    removed_counts::RemovedCounts,
    scan::{Direction, Scan},
    segments::Folder,
    tail::Tail,
    tally_cache::TallyCache,
};
use crate::{event::Record, sync::Mutex};
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    vec,
};

/// Reads the folder of a [`FileJournal`](super::FileJournal), which other processes may be writing
/// to. It opens files for reading alone, takes no lock, and makes nothing.
///
/// Records are read one by one, so that a journal of any size takes little memory: a buffer, the
/// positions of the records inside attempts of one file, and a few bytes for each file.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
/// use gardefou::monitor::journal::{FileJournal, JournalConfig, JournalReader, Query};
/// use std::sync::Arc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("gardefou-reader-{}", std::process::id()));
/// let monitor = ErrorMonitor::new(MonitorConfig::default());
/// monitor.set_journal(Arc::new(FileJournal::open(JournalConfig::builder(&folder).build()?)));
/// for message in ["late", "out of step"] {
///     monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, message));
/// }
///
/// // Usually in another process.
/// let reader = JournalReader::open(&folder)?;
/// let records: Result<Vec<_>, _> = reader.oldest_first(&Query::new())?.collect();
/// assert_eq!(records?[0].message, "late");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
pub struct JournalReader {
    folder: Folder,
    tallies: Mutex<TallyCache>,
}

impl JournalReader {
    /// Opens a folder.
    ///
    /// # Errors
    ///
    /// There is no such folder, or it cannot be listed; the source is an [`io::Error`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::JournalReader;
    /// use std::{error::Error, io};
    ///
    /// let err = JournalReader::open("no/such/folder").unwrap_err();
    /// let cause = err.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    /// assert_eq!(cause.map(io::Error::kind), Some(io::ErrorKind::NotFound));
    /// ```
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, JournalError> {
        let folder = Folder::new(folder.into());
        fs::read_dir(folder.path()).map_err(JournalError::io("open the folder"))?;
        Ok(Self {
            folder,
            tallies: Mutex::new(TallyCache::default()),
        })
    }

    /// Returns the folder.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::JournalReader;
    ///
    /// let reader = JournalReader::open(".")?;
    /// assert_eq!(reader.folder().to_str(), Some("."));
    /// # Ok::<(), gardefou::monitor::journal::JournalError>(())
    /// ```
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the records that match a query, oldest first; limit and cursor of the query are not
    /// considered. Records that are appended while one of the files is read are not among them.
    ///
    /// # Errors
    ///
    /// The folder cannot be listed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}, time::Timestamp};
    /// # use gardefou::monitor::journal::{FileJournal, JournalConfig, JournalReader, Query};
    /// # use std::{sync::Arc, time::SystemTime};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("gardefou-oldest-{}", std::process::id()));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(Arc::new(FileJournal::open(JournalConfig::builder(&folder).build()?)));
    /// for message in ["late", "out of step"] {
    ///     monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, message));
    /// }
    /// let reader = JournalReader::open(&folder)?;
    /// let found: Result<Vec<_>, _> = reader.oldest_first(&Query::new().text("step"))?.collect();
    /// assert_eq!(found?[0].message, "out of step");
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn oldest_first(&self, query: &Query) -> Result<Records<'_>, JournalError> {
        self.records(query, Direction::OldestFirst)
    }

    /// Returns the records that match a query, newest first, read from the end of the newest file;
    /// the limit of the query is not considered.
    ///
    /// # Errors
    ///
    /// The folder cannot be listed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
    /// # use gardefou::monitor::journal::{FileJournal, JournalConfig, JournalReader, Query};
    /// # use std::sync::Arc;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("gardefou-newest-{}", std::process::id()));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(Arc::new(FileJournal::open(JournalConfig::builder(&folder).build()?)));
    /// for message in ["late", "out of step"] {
    ///     monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, message));
    /// }
    /// let reader = JournalReader::open(&folder)?;
    /// let newest: Result<Vec<_>, _> = reader.newest_first(&Query::new())?.take(1).collect();
    /// assert_eq!(newest?[0].message, "out of step");
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn newest_first(&self, query: &Query) -> Result<Records<'_>, JournalError> {
        self.records(query, Direction::NewestFirst)
    }

    /// Follows the journal from its present end on.
    ///
    /// # Errors
    ///
    /// The folder cannot be listed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}, time::Timestamp};
    /// # use gardefou::monitor::journal::{FileJournal, JournalConfig, JournalReader, Query};
    /// # use std::{sync::Arc, time::SystemTime};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("gardefou-follow-{}", std::process::id()));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(Arc::new(FileJournal::open(JournalConfig::builder(&folder).build()?)));
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "before"));
    /// let mut tail = JournalReader::open(&folder)?.follow(&Query::new())?;
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "after"));
    /// let next = tail.next_at(SystemTime::now().into()).expect("a new record");
    /// assert_eq!(next?.message, "after");
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow(&self, query: &Query) -> Result<Tail, JournalError> {
        Tail::new(self.folder.clone(), query.clone())
            .map_err(JournalError::io("list the files of the folder"))
    }

    /// Returns the files.
    pub(super) fn files(&self) -> &Folder {
        &self.folder
    }

    fn records(&self, query: &Query, direction: Direction) -> Result<Records<'_>, JournalError> {
        let through = RemovedCounts::read_or_none(self.folder.path())
            .unwrap_or_default()
            .through;
        let numbers = self.folder.numbers(through);
        let numbers = numbers.map_err(JournalError::io("list the files of the folder"))?;
        let unreadable = Mutex::new(Vec::new());
        let numbers = self.folder.readable(numbers, |file, err| {
            let err = io::Error::new(err.kind(), err.to_string());
            unreadable.lock().push(ReadError::io(file.to_owned(), err));
        });
        let unreadable = std::mem::take(&mut *unreadable.lock());
        Ok(Records {
            unreadable: unreadable.into_iter(),
            scan: Scan::new(&self.folder, &self.tallies, numbers, query, direction),
        })
    }
}

impl fmt::Debug for JournalReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalReader")
            .field("folder", &self.folder())
            .finish_non_exhaustive()
    }
}

/// The records of a journal, read one by one; see [`JournalReader`].
///
/// An error is that of one line or one file. It does not end the iteration, and hides no other
/// record.
#[derive(Debug)]
pub struct Records<'a> {
    unreadable: vec::IntoIter<ReadError>,
    scan: Scan<'a>,
}

impl Iterator for Records<'_> {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.unreadable.next() {
            Some(err) => Some(Err(err)),
            None => Some(self.scan.next()?.map(|found| found.record)),
        }
    }
}

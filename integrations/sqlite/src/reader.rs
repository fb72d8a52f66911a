//! A reader of a database that another process may be writing.

use crate::{database::wait_for_others, rows, tail::SqliteTail};
use gardefou::monitor::journal::{Cursor, JournalError, Page, Query};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// Reads the database of an [`SqliteJournal`](crate::SqliteJournal), which another process may be
/// writing to. It opens the database for reading alone: it makes none, repairs none, and delays no
/// writer.
///
/// SQLite keeps the log of changes and an index of it beside the database. Where neither is there
/// and none can be made, for example on a medium that cannot be written, the database is read as
/// one that does not change.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
/// use gardefou::monitor::journal::{Cursor, Query};
/// use gardefou_sqlite::{SqliteJournal, SqliteReader};
/// use std::sync::Arc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("gardefou-sqlite-reader-{}", std::process::id()));
/// let monitor = ErrorMonitor::new(MonitorConfig::default());
/// monitor.set_journal(Arc::new(SqliteJournal::builder(&folder).build()?));
/// for message in ["late", "out of step"] {
///     monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, message));
/// }
///
/// // Usually in another process.
/// let reader = SqliteReader::open(folder.join("errors.sqlite"))?;
/// assert_eq!(reader.query(&Query::new().limit(1))?.records[0].message, "out of step");
/// let oldest = reader.query_from(&Query::new().limit(1), Cursor::new(0, 0))?;
/// assert_eq!(oldest.records[0].message, "late");
/// # drop((monitor, reader));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
pub struct SqliteReader {
    db: Connection,
    path: PathBuf,
}

impl SqliteReader {
    /// Opens the file of a database.
    ///
    /// # Errors
    ///
    /// There is no such file, it cannot be read, or it holds no journal.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_sqlite::SqliteReader;
    ///
    /// let err = SqliteReader::open("no/such/errors.sqlite").unwrap_err();
    /// assert_eq!(err.to_string(), "journal: cannot open the database");
    /// ```
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, JournalError> {
        let path = path.into();
        let failed = "open the database";
        // SQLite does not name the cause.
        fs::File::open(&path).map_err(|err| JournalError::new(failed, err))?;
        let db = match open(&path) {
            Err(err) if is_without_log(&err, &path) => open_unchanging(&path),
            opened => opened,
        };
        let db = db.map_err(|err| JournalError::new(failed, err))?;
        Ok(Self { db, path })
    }

    /// Returns the path of the file.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}, time::Timestamp};
    /// # use gardefou::monitor::journal::{Cursor, Query};
    /// # use gardefou_sqlite::{SqliteJournal, SqliteReader};
    /// # use std::{sync::Arc, time::SystemTime};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("gardefou-sqlite-path-{}", std::process::id()));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(Arc::new(SqliteJournal::builder(&folder).build()?));
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// let reader = SqliteReader::open(folder.join("errors.sqlite"))?;
    /// assert_eq!(reader.path(), folder.join("errors.sqlite"));
    /// # drop((monitor, reader));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns one page of records, newest first.
    ///
    /// # Errors
    ///
    /// The database cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}, time::Timestamp};
    /// # use gardefou::monitor::journal::{Cursor, Query};
    /// # use gardefou_sqlite::{SqliteJournal, SqliteReader};
    /// # use std::{sync::Arc, time::SystemTime};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("gardefou-sqlite-query-{}", std::process::id()));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(Arc::new(SqliteJournal::builder(&folder).build()?));
    /// for message in ["late", "out of step"] {
    ///     monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, message));
    /// }
    /// let reader = SqliteReader::open(folder.join("errors.sqlite"))?;
    /// let page = reader.query(&Query::new().limit(1))?;
    /// assert_eq!((&*page.records[0].message, page.next.is_some()), ("out of step", true));
    /// # drop((monitor, reader));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn query(&self, query: &Query) -> Result<Page, JournalError> {
        rows::page(&self.db, query).map_err(|err| JournalError::new("read records", err))
    }

    /// Returns one page of records, oldest first, from behind a position on; the cursor of the query
    /// is not considered. `Cursor::new(0, 0)` is the start.
    ///
    /// The next page begins at [`Page::next`], also one of records that are not written yet. It is
    /// `None` if nothing is behind the position.
    ///
    /// # Errors
    ///
    /// The database cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}, time::Timestamp};
    /// # use gardefou::monitor::journal::{Cursor, Query};
    /// # use gardefou_sqlite::{SqliteJournal, SqliteReader};
    /// # use std::{sync::Arc, time::SystemTime};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("gardefou-sqlite-from-{}", std::process::id()));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(Arc::new(SqliteJournal::builder(&folder).build()?));
    /// for message in ["late", "out of step"] {
    ///     monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, message));
    /// }
    /// let reader = SqliteReader::open(folder.join("errors.sqlite"))?;
    /// let page = reader.query_from(&Query::new().limit(1), Cursor::new(0, 0))?;
    /// assert_eq!(page.records[0].message, "late");
    /// let page = reader.query_from(&Query::new(), page.next.expect("a position"))?;
    /// assert_eq!(page.records[0].message, "out of step");
    /// assert_eq!(reader.query_from(&Query::new(), page.next.expect("a position"))?.next, None);
    /// # drop((monitor, reader));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn query_from(&self, query: &Query, after: Cursor) -> Result<Page, JournalError> {
        let chunk = rows::chunk(&self.db, query, rows::position(after));
        let chunk = chunk.map_err(|err| JournalError::new("read records", err))?;
        let records = chunk.records.into_iter();
        let records = records.filter_map(|record| query.matching(record));
        let mut page = Page::new(records.collect(), chunk.end.map(rows::cursor));
        page.torn = chunk.torn;
        Ok(page)
    }

    /// Follows the journal from its present end on.
    ///
    /// # Errors
    ///
    /// The database cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}, time::Timestamp};
    /// # use gardefou::monitor::journal::{Cursor, Query};
    /// # use gardefou_sqlite::{SqliteJournal, SqliteReader};
    /// # use std::{sync::Arc, time::SystemTime};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("gardefou-sqlite-follow-{}", std::process::id()));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(Arc::new(SqliteJournal::builder(&folder).build()?));
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "before"));
    /// let mut tail = SqliteReader::open(folder.join("errors.sqlite"))?.follow(&Query::new())?;
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "after"));
    /// let next = tail.next_at(SystemTime::now().into()).expect("a new record");
    /// assert_eq!(next?.message, "after");
    /// # drop((monitor, tail));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow(self, query: &Query) -> Result<SqliteTail, JournalError> {
        let end = rows::end(&self.db).map_err(|err| JournalError::new("read records", err))?;
        Ok(SqliteTail::new(self.db, query, end))
    }
}

impl fmt::Debug for SqliteReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteReader")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    prepared(Connection::open_with_flags(path, flags())?)
}

/// Opens a database that no process writes to, without its log of changes.
fn open_unchanging(path: &Path) -> rusqlite::Result<Connection> {
    let path = path.to_string_lossy();
    let path = path
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    let address = format!("file:{path}?immutable=1");
    let flags = flags() | OpenFlags::SQLITE_OPEN_URI;
    prepared(Connection::open_with_flags(address, flags)?)
}

fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

#[allow(
    unused_mut,
    reason = "up to rusqlite 0.40, setting a handler takes a shared reference"
)]
fn prepared(mut db: Connection) -> rusqlite::Result<Connection> {
    db.busy_handler(Some(wait_for_others))?;
    // Nothing is read before this.
    rows::end(&db)?;
    Ok(db)
}

/// Returns `true` if the database has no log of changes, and none can be made.
fn is_without_log(err: &rusqlite::Error, path: &Path) -> bool {
    let is_refused = matches!(
        err.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
    );
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let size = fs::metadata(log).map(|log| log.len());
    let is_empty = match size {
        Err(err) => err.kind() == io::ErrorKind::NotFound,
        Ok(size) => size == 0,
    };
    is_refused && is_empty
}

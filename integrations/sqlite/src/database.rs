//! The database file, which is opened when it is needed, and reopened when another file takes its
//! name.

use crate::{
    builder::Settings,
    file_identity::FileIdentity,
    incoming,
    retention::{self, log_bytes, max_log_bytes},
};
use gardefou::time::Timestamp;
use rusqlite::{Connection, ErrorCode, config::DbConfig};
use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// The database of a journal.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    log_bytes: u64,
    log_room: LogRoom,
    open: Option<OpenDatabase>,
    /// A damaged file that was put aside, and why; reported after all locks are released.
    aside: Option<(PathBuf, rusqlite::Error)>,
}

#[derive(Debug)]
struct OpenDatabase {
    db: Connection,
    identity: Option<FileIdentity>,
}

/// How often, and after which time each, a database that another process holds is tried again
/// before the record waits in memory and not its caller here: about 50 ms in all. The steps are
/// short and equal, since a process that writes without a pause leaves the database for
/// microseconds at a time; growing steps, as in `busy_timeout`, meet such a gap too rarely.
const BUSY_TRIES: i32 = 100;
const BUSY_STEP: Duration = Duration::from_micros(500);
/// The log of changes takes each page that changes as a whole. Small pages cost a search through
/// all texts four times as long, and other queries nothing. A database that is there keeps its
/// size.
pub(crate) const SCHEMA: &str = "
    PRAGMA page_size = 512;
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS errors (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, kind TEXT NOT NULL, time INTEGER NOT NULL,
        level INTEGER NOT NULL, code TEXT NOT NULL, operation TEXT NOT NULL, fingerprint TEXT NOT NULL,
        text TEXT NOT NULL, record TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS errors_by_id ON errors (id);
    CREATE INDEX IF NOT EXISTS errors_by_code ON errors (code, seq);
    CREATE INDEX IF NOT EXISTS errors_by_operation ON errors (operation, seq);
    CREATE INDEX IF NOT EXISTS errors_by_time ON errors (time);
    CREATE TABLE IF NOT EXISTS counts (
        day TEXT NOT NULL, code TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (day, code)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS pending (
        id TEXT NOT NULL PRIMARY KEY, time INTEGER NOT NULL, day TEXT NOT NULL, code TEXT NOT NULL
    ) WITHOUT ROWID;
";

impl Database {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            path: settings.folder.join("errors.sqlite"),
            log_bytes: log_bytes(settings),
            log_room: LogRoom {
                step: 2 * log_bytes(settings),
                max: max_log_bytes(settings),
                tried: 0,
            },
            open: None,
            aside: None,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns `true` if there is a file; makes none.
    pub(crate) fn exists(&self) -> bool {
        self.path.exists()
    }

    pub(crate) fn take_aside(&mut self) -> Option<(PathBuf, rusqlite::Error)> {
        self.aside.take()
    }

    /// Changes the database, if the log of changes has room.
    pub(crate) fn change<T>(
        &mut self,
        wall: Timestamp,
        mut work: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let (path, mut log_room) = (self.path.clone(), self.log_room);
        let done = self.write(wall, |db| {
            log_room.make(db, &path)?;
            work(db)
        });
        self.log_room = log_room;
        done
    }

    /// Runs `work` on the database, which is made if there is none. A database that proves damaged,
    /// now or when it is opened, is put aside, and `work` runs on a new one.
    pub(crate) fn write<T>(
        &mut self,
        wall: Timestamp,
        mut work: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let before = FileIdentity::at(&self.path);
        match self.try_write(&mut work) {
            Err(err) if is_damaged(&err) => {
                // Another process may have been faster: the file there now is not the damaged one.
                if FileIdentity::at(&self.path) == before {
                    let Ok(file) = self.put_aside(wall) else {
                        return Err(err);
                    };
                    self.aside = Some((file, err));
                }
                self.try_write(&mut work)
            }
            done => done,
        }
    }

    fn try_write<T>(
        &mut self,
        work: &mut impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut open = match self.open.take() {
            Some(open) if FileIdentity::at(&self.path) == open.identity => open,
            _ => self.try_open()?,
        };
        let done = work(&mut open.db);
        match &done {
            // The file was removed or replaced meanwhile: the change is lost.
            Ok(_) if FileIdentity::at(&self.path) != open.identity => {
                return Err(io_failure(io::Error::new(
                    io::ErrorKind::NotFound,
                    "the database was moved away",
                )));
            }
            // Closed without a checkpoint, which would write the log into the damaged file.
            Err(err) if is_damaged(err) => {
                open.db
                    .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            }
            // Reopened next time: the cause may be the file itself.
            Err(err) if !is_passing(err) => {}
            _ => self.open = Some(open),
        }
        done
    }

    /// Renames the database and its log of changes.
    fn put_aside(&self, wall: Timestamp) -> io::Result<PathBuf> {
        let aside = |suffix| format!("sqlite.damaged-{}{suffix}", wall.as_unix_millis());
        // First the files that a new database would take for its own: the log, and the shared
        // memory that indexes it. Either may be absent.
        let _ = fs::rename(
            self.path.with_extension("sqlite-wal"),
            self.path.with_extension(aside("-wal")),
        );
        let _ = fs::remove_file(self.path.with_extension("sqlite-shm"));
        let file = self.path.with_extension(aside(""));
        fs::rename(&self.path, &file)?;
        Ok(file)
    }

    fn try_open(&self) -> rusqlite::Result<OpenDatabase> {
        let folder = self.path.parent().map(fs::create_dir_all).unwrap_or(Ok(()));
        folder.map_err(io_failure)?;
        make(&self.path).map_err(io_failure)?;
        #[allow(
            unused_mut,
            reason = "up to rusqlite 0.40, setting a handler takes a shared reference"
        )]
        let mut db = Connection::open(&self.path)?;
        let identity = FileIdentity::at(&self.path);
        db.busy_handler(Some(wait_for_others))?;
        db.execute_batch(SCHEMA)?;
        db.execute_batch(incoming::SCHEMA)?;
        let page_bytes: u32 = db.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        let pages = self.log_bytes / u64::from(page_bytes.max(1));
        db.execute_batch(&format!(
            "PRAGMA wal_autocheckpoint = {pages}; PRAGMA journal_size_limit = {};",
            self.log_bytes
        ))?;
        Ok(OpenDatabase { db, identity })
    }
}

/// Makes the file, where there is none, for its owner alone. SQLite gives the files beside it the
/// same permissions.
///
/// An existing one is not opened: when it is closed, the system drops the locks of all connections
/// of this process.
fn make(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.write(true).create_new(true).open(path) {
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Waits before a database that another process holds is tried again; `false` ends the attempts.
///
/// On a condition variable of its own: parking would take the token that the code around an append
/// may wait for.
pub(crate) fn wait_for_others(tries: i32) -> bool {
    let lock = Mutex::new(());
    let guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
    tries < BUSY_TRIES && Condvar::new().wait_timeout(guard, BUSY_STEP).is_ok()
}

/// How large the log of changes may be, and how large it was when emptying it was last tried.
#[derive(Clone, Copy, Debug)]
struct LogRoom {
    step: u64,
    max: u64,
    tried: u64,
}

impl LogRoom {
    /// Empties the log once it has grown by another step. SQLite does so by itself, but only at a
    /// moment when no connection reads and none writes, which processes that write without a pause
    /// never leave.
    ///
    /// Not more often, as it waits for the other connections.
    fn make(&mut self, db: &Connection, path: &Path) -> rusqlite::Result<()> {
        let mut size = retention::log_size(path);
        if size < self.tried {
            self.tried = 0;
        }
        if size >= self.max.min(self.tried + self.step) {
            retention::checkpoint(db)?;
            size = retention::log_size(path);
            // Where another process empties it at this moment, the call above returned at once.
            let mut tries = 0;
            while size >= self.max && wait_for_others(tries) {
                size = retention::log_size(path);
                tries += 1;
            }
            self.tried = size;
        }
        match size < self.max {
            true => Ok(()),
            false => Err(rusqlite::Error::ToSqlConversionFailure(Box::new(LogFull))),
        }
    }
}

/// The log of changes has reached its limit, and cannot be emptied.
#[derive(Debug, thiserror::Error)]
#[error("the log of changes is full: other connections have been using the database for too long")]
struct LogFull;

/// Returns `true` while the log of changes has no room.
pub(crate) fn is_log_full(err: &rusqlite::Error) -> bool {
    matches!(err, rusqlite::Error::ToSqlConversionFailure(cause) if cause.is::<LogFull>())
}

fn io_failure(err: io::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(err))
}

fn is_damaged(err: &rusqlite::Error) -> bool {
    matches!(
        err.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}

/// Returns `true` if the error passes by itself and the open database can still be read; other
/// errors may lie in the file.
fn is_passing(err: &rusqlite::Error) -> bool {
    is_busy(err) || is_log_full(err) || err.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Returns `true` if another process holds the database.
pub(crate) fn is_busy(err: &rusqlite::Error) -> bool {
    matches!(
        err.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

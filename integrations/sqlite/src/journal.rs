//! The journal in a database.

use crate::{
    builder::{Settings, SqliteJournalBuilder},
    database::{Database, is_busy, is_log_full},
    incoming,
    readers::Readers,
    retention::{empty_log, remove_some, row_bytes, shrink_some},
    rows,
    sync::Mutex,
};
use gardefou::{
    error::ErrorId,
    event::Record,
    monitor::journal::{
        Claim, ErrorCounts, Journal, JournalError, JournalStatus, Page, Query,
        support::{JumpDetector, Maintenance, StatusTracker, WriteOutcome, report_trouble},
    },
    time::{SharedClock, Tick, Timestamp},
};
use rusqlite::Connection;
use std::{
    collections::VecDeque,
    fmt, mem,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// A journal in the database `errors.sqlite` in a folder, indexed by code, operation and time.
///
/// It has the guarantees of [`FileJournal`]: an acknowledged record
/// survives the end of the process, a full disk or a locked database fails no call, processes may
/// share the folder, counts by code and day survive retention, and a thread of its own writes
/// waiting records and removes old rows every second.
///
/// A record is acknowledged when its transaction is committed: [`append`](Journal::append) returned
/// `Ok` for it, and [`JournalStatus::waiting`] does not count it. While another process holds the
/// database, an append waits for it for about 50 ms. Then the record waits in memory, within
/// `buffer_bytes`, and is written with a later one or within a second; [`flush`](Journal::flush)
/// and dropping the journal wait for about two seconds. Records that a dropped journal could not
/// write are reported in the log. Records beyond `buffer_bytes` are refused and counted in
/// [`JournalStatus::lost`].
///
/// A record is written to one of up to 64 slots first, which costs less than the tables and their
/// indexes; a full set is moved into the table `errors` in one transaction. Queries and counts read
/// both. [`flush`](Journal::flush) and dropping the journal move all records, so that other
/// programs find them in the table. A record of 450 bytes writes about 2.3 KiB to a new database,
/// its later move included, and less than 4 KiB once old rows are removed.
///
/// A new database, and the files beside it, can be read by their owner alone (mode 0600). An
/// existing one keeps its permissions.
///
/// Database and log of changes together are kept within `max_bytes`; between two rounds of the thread, the log may add an
/// eighth of it, and 128 KiB at least. While another connection keeps a read transaction open,
/// SQLite cannot empty the log. It grows to half of `max_bytes`, 512 KiB at least, and by one
/// transaction more; then records wait in memory, and the [status](JournalStatus) is not healthy
/// until the transaction has ended. A file that is no database, or proves damaged while it is
/// written or read, is put aside as `errors.sqlite.damaged-<time>`, with its log; a database that
/// was removed or replaced while it was open is made again.
///
/// In a process that was forked after the journal was opened, every call is an error: open another
/// journal there.
///
/// One append costs tens of microseconds: for more than 10,000 errors a second use
/// [`FileJournal`].
///
/// [`FileJournal`]: https://docs.rs/gardefou/latest/gardefou/monitor/journal/struct.FileJournal.html
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig, journal::Query}};
/// use gardefou_sqlite::SqliteJournal;
/// use std::sync::Arc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("gardefou-sqlite-doc-{}", std::process::id()));
/// let monitor = ErrorMonitor::new(MonitorConfig::default());
/// monitor.set_journal(Arc::new(SqliteJournal::builder(&folder).build()?));
/// let id = monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk quota exceeded"));
///
/// let page = monitor.query(&Query::new().text("quota").limit(50))?;
/// assert_eq!(page.records[0].id, id);
/// assert_eq!(monitor.counts()?.by_code["DB_WRITE_ERROR"], 1);
/// # drop(monitor);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
pub struct SqliteJournal {
    folder: PathBuf,
    clock: SharedClock,
    /// The process that made the journal.
    process: u32,
    /// Absent only while this is dropped.
    inner: Option<Arc<Inner>>,
    /// Calls after a fork. Relaxed: it is only shown, and the first call is logged.
    refused: AtomicU64,
}

/// The error in a process that was forked from the one that opened the database.
#[derive(Debug, thiserror::Error)]
#[error("the process was forked since the journal was opened; open another one")]
struct Forked;

struct Inner {
    settings: Settings,
    /// Before the store, whose connection is closed last: that moves the log into the database.
    readers: Readers,
    store: Mutex<Store>,
    tracker: StatusTracker,
    maintenance: Maintenance,
    clock_jumps: JumpDetector,
}

struct Store {
    database: Database,
    waiting: VecDeque<(Record, String)>,
    waiting_bytes: usize,
    not_before: Tick,
    /// The last write failed because other processes used the database, and may succeed at any
    /// moment.
    is_busy: bool,
    /// Bytes that were written since old rows were last removed.
    unmaintained_bytes: u64,
    /// How many records are written before they are moved into the tables.
    slots: i64,
    /// Records were written that may not be in the tables.
    has_incoming: bool,
}

const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);
/// How often a flush, and dropping the journal, try a database that other processes hold. Each
/// attempt waits about 50 ms.
const PATIENT_TRIES: usize = 40;
/// How many bytes of records one transaction takes, or a single larger one: other processes wait
/// meanwhile.
const BATCH_BYTES: usize = 64 * 1024;

impl SqliteJournal {
    /// Starts from the defaults, for a journal in `folder`; see [`SqliteJournalBuilder`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{Journal, Query}}};
    /// # use gardefou_sqlite::SqliteJournal;
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-sqlite-builder-{}", std::process::id()));
    /// let journal = Arc::new(SqliteJournal::builder(folder).background(false).build()?);
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(journal.clone());
    /// assert!(!folder.exists(), "nothing is made before the first record");
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// assert!(folder.join("errors.sqlite").exists());
    /// # drop((monitor, journal));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(folder: impl Into<PathBuf>) -> SqliteJournalBuilder {
        SqliteJournalBuilder::new(folder.into())
    }

    /// Makes a journal; its folder and database are made with the first record.
    pub(crate) fn open(settings: Settings) -> Self {
        Self {
            folder: settings.folder.clone(),
            clock: settings.clock.clone(),
            process: process::id(),
            inner: Some(Inner::start(settings)),
            refused: AtomicU64::new(0),
        }
    }

    /// Returns the folder.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou_sqlite::SqliteJournal;
    ///
    /// let journal = SqliteJournal::builder("logs").build()?;
    /// assert_eq!(journal.folder().to_str(), Some("logs"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns what belongs to this process. SQLite forbids the use of a connection in a forked
    /// process, and one opened there would share the locks that SQLite assumes to hold.
    fn existing(&self) -> Option<&Arc<Inner>> {
        self.inner
            .as_ref()
            .filter(|_| self.process == process::id())
    }

    fn inner(&self) -> Result<&Arc<Inner>, JournalError> {
        self.existing().ok_or_else(|| {
            if self.refused.fetch_add(1, Ordering::Relaxed) == 0 {
                report_trouble(&self.folder, &Forked, "cannot be used");
            }
            JournalError::new("use the database", Forked)
        })
    }

    /// Writes waiting records and removes rows by size and age; the journal's thread does so every
    /// second.
    ///
    /// # Errors
    ///
    /// The database cannot be written now; nothing is lost by that.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{Journal, Query}}};
    /// # use gardefou_sqlite::SqliteJournal;
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-sqlite-maintain-{}", std::process::id()));
    /// let journal = Arc::new(SqliteJournal::builder(folder).background(false).build()?);
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(journal.clone());
    /// monitor.record_at(Severity::Info, &AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// assert_eq!(journal.status().waiting, 1);
    /// journal.maintain()?;
    /// assert_eq!((journal.status().waiting, journal.status().written), (0, 1));
    /// # drop((monitor, journal));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn maintain(&self) -> Result<(), JournalError> {
        self.inner()?.maintain()
    }
}

impl Journal for SqliteJournal {
    fn append(&self, record: &Record) -> Result<(), JournalError> {
        self.inner()?.append(record)
    }

    fn query(&self, query: &Query) -> Result<Page, JournalError> {
        self.inner()?
            .read(|db| rows::page(db, query))
            .map_err(failed("read records"))
    }

    fn counts(&self) -> Result<ErrorCounts, JournalError> {
        self.inner()?
            .read(rows::counts)
            .map_err(failed("count records"))
    }

    fn flush(&self) -> Result<(), JournalError> {
        let inner = self.inner()?;
        inner.write_patiently()?;
        inner.move_incoming();
        Ok(())
    }

    fn check(&self) -> Result<(), JournalError> {
        let inner = self.inner()?;
        let wall = inner.wall();
        let checked = inner.with_store(|store| store.database.write(wall, |_| Ok(())));
        match checked {
            Err(err) if is_busy(&err) => Ok(()),
            checked => inner.tracker.record_check(checked, wall),
        }
    }

    fn status(&self) -> JournalStatus {
        let Some(inner) = self.existing() else {
            let mut status = JournalStatus::default();
            status.lost = self.refused.load(Ordering::Relaxed);
            status.failing_since = Some(self.clock.wall().into());
            status.last_error = Some(Forked.to_string());
            return status;
        };
        inner.tracker.status()
    }

    fn claim(&self, owner: ErrorId) -> Result<Option<Claim>, JournalError> {
        Claim::in_folder(&self.folder, owner, self.inner()?.wall())
            .map_err(|err| JournalError::new("claim", err))
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        let Some(inner) = self.existing() else {
            // In a forked process nothing waits, and the connection must not be closed.
            mem::forget(self.inner.take());
            return;
        };
        inner.maintenance.stop();
        // The last attempt is made even in the pause after a failure.
        inner.store.lock().not_before = Tick::ZERO;
        if let Err(err) = inner.write_patiently() {
            inner.tracker.report_lost(&err);
        }
        inner.move_incoming();
    }
}

impl Inner {
    fn start(settings: Settings) -> Arc<Self> {
        let database = Database::new(&settings);
        let inner = Arc::new(Self {
            readers: Readers::new(database.path().to_owned()),
            store: Mutex::new(Store {
                database,
                waiting: VecDeque::new(),
                waiting_bytes: 0,
                not_before: Tick::ZERO,
                is_busy: false,
                unmaintained_bytes: 0,
                slots: incoming::slots(settings.max_bytes),
                has_incoming: false,
            }),
            tracker: StatusTracker::new(settings.folder.clone()),
            maintenance: Maintenance::default(),
            clock_jumps: JumpDetector::new(),
            settings,
        });
        if inner.settings.background {
            inner.maintenance.start(&inner, |inner| {
                // The status shows a failure; the next turn tries again.
                let _ = inner.maintain();
            });
        }
        inner
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from(self.settings.clock.wall())
    }

    fn append(&self, record: &Record) -> Result<(), JournalError> {
        let json = serde_json::to_string(record)
            .map_err(|err| JournalError::new("encode a record", err))?;
        let mut store = self.store.lock();
        let fits = store.waiting.is_empty()
            || store.waiting_bytes + json.len() <= self.settings.buffer_bytes;
        if !fits {
            drop(store);
            return Err(self.tracker.refuse());
        }
        store.waiting_bytes += json.len();
        store.waiting.push_back((record.clone(), json));
        self.tracker.set_waiting(store.waiting.len() as u64);
        let is_urgent = record.is_urgent(self.settings.inline_level);
        let is_full = store.waiting_bytes >= self.settings.buffer_bytes / 2;
        drop(store);
        if is_urgent || is_full {
            self.write_waiting(1)
        } else {
            Ok(())
        }
    }

    /// Writes all records that wait, on behalf of so many that were appended just now.
    fn write_waiting(&self, records: u64) -> Result<(), JournalError> {
        let outcome = self.try_write(false);
        self.tracker.record_write(outcome, self.wall(), records)
    }

    /// Writes all records that wait, as soon as other processes release the database, for about
    /// two seconds at most.
    fn write_patiently(&self) -> Result<(), JournalError> {
        for _ in 1..PATIENT_TRIES {
            let outcome = self.try_write(true);
            if !matches!(&outcome, WriteOutcome::Failed(_, err) if is_busy(err) || is_log_full(err))
            {
                return self.tracker.record_write(outcome, self.wall(), 0);
            }
            if let WriteOutcome::Failed(written @ 1.., _) = outcome {
                self.tracker.record_write(
                    WriteOutcome::<rusqlite::Error>::Written(written),
                    self.wall(),
                    0,
                )?;
            }
        }
        self.tracker
            .record_write(self.try_write(true), self.wall(), 0)
    }

    /// Moves written records into the tables, where other programs find them. They are on disk even
    /// if that fails.
    fn move_incoming(&self) {
        let wall = self.wall();
        self.with_store(|store| {
            let is_due = store.has_incoming && store.database.exists();
            if is_due
                && store
                    .database
                    .change(wall, |db| rows::move_incoming(db))
                    .is_ok()
            {
                store.has_incoming = false;
            }
        });
    }

    /// Tries to write all records that wait; with `at_once` also in the pause after other processes
    /// held the database.
    fn try_write(&self, at_once: bool) -> WriteOutcome<rusqlite::Error> {
        let (now, wall) = (self.settings.clock.now(), self.wall());
        let (outcome, unmaintained) = self.with_store(|store| {
            if at_once && store.is_busy {
                store.not_before = Tick::ZERO;
            }
            (store.write(now, wall), store.unmaintained_bytes)
        });
        // The thread runs early only when there is something to remove.
        if unmaintained > row_bytes(&self.settings) / 8 {
            self.maintenance.wake();
        }
        outcome
    }

    fn read<T>(&self, query: impl Fn(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        // Waiting records are newer than all written ones.
        let _ = self.write_waiting(0);
        match self.readers.query(&query) {
            Err(err) if !is_busy(&err) => self.read_in_trouble(query),
            answer => answer,
        }
    }

    /// Reads a missing or damaged database through the connection that makes a new one, or a
    /// database on a full disk.
    fn read_in_trouble<T>(
        &self,
        query: impl Fn(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let wall = self.wall();
        let (answer, exists) = self.with_store(|store| {
            let answer = store.database.write(wall, |db| query(db));
            (answer, store.database.exists())
        });
        match answer {
            Err(err) if exists => self
                .readers
                .query(&query)
                .or_else(|_| self.readers.query_exclusively(&query))
                .map_err(|_| err),
            answer => answer,
        }
    }

    fn maintain(&self) -> Result<(), JournalError> {
        let written = self.write_waiting(0);
        let removed = match self.remove_old() {
            // The process that holds it removes old rows too, or releases it until the next round.
            Err(err) if is_busy(&err) => Ok(()),
            removed => removed,
        };
        self.tracker.record_removal(&removed);
        removed.map_err(failed("remove old records"))?;
        written
    }

    fn remove_old(&self) -> rusqlite::Result<()> {
        let (wall, settings) = (self.wall(), &self.settings);
        let is_steady = self.clock_jumps.is_steady_at(settings.clock.now(), wall);
        if !self.with_store(|store| {
            store.unmaintained_bytes = 0;
            store.database.exists()
        }) {
            return Ok(());
        }
        // Each step has the store to itself; between two, records are written.
        while self.with_store(|store| {
            store
                .database
                .change(wall, |db| remove_some(db, settings, wall, is_steady))
        })? {}
        while self
            .with_store(|store| store.database.change(wall, |db| shrink_some(db, settings)))?
        {
        }
        self.with_store(|store| {
            let path = store.database.path().to_owned();
            store
                .database
                .write(wall, |db| empty_log(db, &path, settings))
        })
    }

    fn with_store<T>(&self, work: impl FnOnce(&mut Store) -> T) -> T {
        let mut store = self.store.lock();
        let done = work(&mut store);
        let aside = store.database.take_aside();
        self.tracker.set_waiting(store.waiting.len() as u64);
        drop(store);
        if let Some((file, err)) = aside {
            self.tracker.report_damaged(&file, &err);
        }
        done
    }
}

impl Store {
    /// Writes all records that wait, in transactions of bounded size.
    fn write(&mut self, now: Tick, wall: Timestamp) -> WriteOutcome<rusqlite::Error> {
        if !self.waiting.is_empty() && now < self.not_before {
            return WriteOutcome::Paused;
        }
        let mut written = 0;
        while !self.waiting.is_empty() {
            let (records, bytes) = self.batch();
            let batch = || self.waiting.iter().take(records);
            if let Err(err) = self
                .database
                .change(wall, |db| rows::insert(db, batch(), self.slots))
            {
                self.is_busy = is_busy(&err) || is_log_full(&err);
                self.not_before = now.after(PAUSE_AFTER_FAILURE);
                return WriteOutcome::Failed(written, err);
            }
            self.waiting.drain(..records);
            self.waiting_bytes -= bytes;
            self.unmaintained_bytes += bytes as u64;
            self.has_incoming = true;
            written += records as u64;
        }
        // Memory of a burst is released.
        if self.waiting.capacity() > 1024 {
            self.waiting = VecDeque::new();
        }
        WriteOutcome::Written(written)
    }

    /// Returns how many records, and bytes of them, the next transaction takes.
    fn batch(&self) -> (usize, usize) {
        let (mut records, mut bytes) = (0, 0);
        for (_, json) in &self.waiting {
            if records > 0 && bytes + json.len() > BATCH_BYTES {
                break;
            }
            (records, bytes) = (records + 1, bytes + json.len());
        }
        (records, bytes)
    }
}

fn failed(action: &'static str) -> impl Fn(rusqlite::Error) -> JournalError {
    move |err| JournalError::new(action, err)
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJournal")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gardefou::{
        AppError, ErrorCode,
        event::Severity,
        monitor::{ErrorMonitor, MonitorConfig},
    };
    use std::{sync::mpsc, thread};

    #[test]
    fn slow_query_delays_neither_records_nor_other_queries() {
        let folder = tempfile::tempdir().unwrap();
        let journal = SqliteJournal::builder(folder.path()).background(false);
        let journal = Arc::new(journal.build().unwrap());
        let monitor = ErrorMonitor::new(MonitorConfig::default());
        monitor.set_journal(journal.clone());
        monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "before"));
        let ((started, has_started), (finish, may_finish)) =
            (mpsc::channel(), mpsc::channel::<()>());
        let rows = |db: &Connection| {
            db.query_row("SELECT count(*) FROM incoming", [], |row| {
                row.get::<_, i64>(0)
            })
        };
        let inner = Arc::clone(journal.inner().unwrap());
        let querying = thread::spawn(move || {
            inner.read(|db| {
                let reading = db.unchecked_transaction()?;
                let before = rows(&reading)?;
                started.send(()).unwrap();
                let _ = may_finish.recv_timeout(Duration::from_secs(60));
                Ok((before, rows(&reading)?))
            })
        });
        has_started.recv().unwrap();
        let (sender, done) = mpsc::channel();
        let recording = thread::spawn(move || {
            monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "meanwhile"));
            sender
                .send((journal.status().written, journal.counts().unwrap().total))
                .unwrap();
        });
        let done = done.recv_timeout(Duration::from_secs(30));
        finish.send(()).unwrap();
        recording.join().unwrap();
        assert_eq!(done, Ok((2, 2)));
        // Records that were written meanwhile do not change the result of a running query.
        assert_eq!(querying.join().unwrap().unwrap(), (1, 1));
    }

    /// A disk that hangs keeps the lock of the store, and `status` must not wait for it.
    #[test]
    fn status_does_not_wait_for_a_hanging_write() {
        let folder = tempfile::tempdir().unwrap();
        let journal = SqliteJournal::builder(folder.path()).background(false);
        let journal = Arc::new(journal.build().unwrap());
        let monitor = ErrorMonitor::new(MonitorConfig::default());
        monitor.set_journal(journal.clone());
        monitor.record_at(
            Severity::Info,
            &AppError::new(ErrorCode::SYNC_ERROR, "waits"),
        );
        let hangs = journal.inner().unwrap().store.lock();
        let (sender, receiver) = mpsc::channel();
        let shared = journal.clone();
        let reader = thread::spawn(move || sender.send(shared.status()));
        let status = receiver.recv_timeout(Duration::from_secs(10));
        drop(hangs);
        reader.join().unwrap().unwrap();
        assert_eq!(
            status.map(|status| (status.waiting, status.written)),
            Ok((1, 0))
        );
        journal.flush().unwrap();
        assert_eq!((journal.status().waiting, journal.status().written), (0, 1));
    }
}

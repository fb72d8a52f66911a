//! The journal of JSON Lines in a folder.

use super::{
    api::Journal,
    claims::Claim,
    clock_jumps::JumpDetector,
    config::JournalConfig,
    daily_counts::ErrorCounts,
    error::JournalError,
    group_commit::{GroupCommit, Now, Pass},
    line,
    maintenance::Maintenance,
    query::{Cursor, Page, Query},
    read_error::ReadError,
    removed_counts::RemovedCounts,
    retention::remove_old,
    scan::{Direction, Scan},
    segments::Folder,
    status::{JournalStatus, StatusTracker},
    tally_cache::TallyCache,
    writer::Writer,
};
use crate::{
    error::ErrorId,
    event::Record,
    fork::PerProcess,
    revised::Revised,
    sync::Mutex,
    time::{SharedClock, Timestamp},
};
use std::{fmt, io, mem, path::Path, sync::Arc};

/// A journal of JSON Lines in a folder; the [module](super) lists its guarantees.
///
/// Opening touches no file (the error system [checks](Journal::check) it when it starts), and
/// no problem with the folder fails the program: see [`status`](Journal::status).
/// Several processes, and several journals of one process, may share a folder. Dropping it writes
/// the records that wait.
pub struct FileJournal {
    folder: Folder,
    inner: PerProcess<Arc<Inner>>,
}

struct Inner {
    /// Also the writer's.
    config: Arc<Revised<JournalConfig>>,
    folder: Folder,
    commits: GroupCommit<Writer>,
    tracker: StatusTracker,
    tallies: Mutex<TallyCache>,
    maintenance: Maintenance,
    clock_jumps: JumpDetector,
}

/// How often counting begins again because files were removed meanwhile.
const MAX_COUNTINGS: usize = 8;

impl FileJournal {
    /// Makes a journal; its folder and first file are made with the first record.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{FileJournal, Journal, JournalConfig, Query}}};
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-journal-open-{}", std::process::id()));
    /// let journal = Arc::new(FileJournal::open(JournalConfig::builder(folder).build()?));
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.set_journal(journal.clone());
    /// assert!(!folder.exists(), "nothing is made before the first record");
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
    /// assert!(folder.join("errors-00000001.jsonl").exists());
    /// # drop((monitor, journal));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn open(config: JournalConfig) -> Self {
        let inner = Inner::start(config);
        Self {
            folder: inner.folder.clone(),
            inner: PerProcess::new(inner),
        }
    }

    /// Returns what belongs to this process: a forked process has an open file, waiting lines and a
    /// thread of its own.
    fn inner(&self) -> &Arc<Inner> {
        self.inner
            .get(|inherited| Inner::start(inherited.config.get().clone()))
    }

    /// Returns the folder.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::{FileJournal, JournalConfig};
    ///
    /// let journal = FileJournal::open(JournalConfig::builder("logs/errors").build()?);
    /// assert_eq!(journal.folder().to_str(), Some("logs/errors"));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes waiting records and removes files by total size and age; the journal's thread does so
    /// every second.
    ///
    /// # Errors
    ///
    /// The folder cannot be written or read; nothing is lost by that.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, event::Severity, monitor::{ErrorMonitor, MonitorConfig, journal::{FileJournal, Journal, JournalConfig, Query}}};
    /// # use std::{sync::Arc, time::Duration};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = &std::env::temp_dir().join(format!("gardefou-journal-maintain-{}", std::process::id()));
    /// let config = JournalConfig::builder(folder).background(false).build()?;
    /// let journal = Arc::new(FileJournal::open(config));
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
        self.inner().maintain()
    }
}

#[cfg(feature = "config")]
impl FileJournal {
    /// Replaces the limits of size and age, of the folder and of its files. The next file is held to
    /// them, and the next turn of the maintenance removes what is beyond them.
    pub(crate) fn set_limits(&self, limits: &JournalConfig) {
        let inner = self.inner();
        let config = inner.config.get().with_limits_of(limits);
        inner.config.replace(config);
        inner.maintenance.wake();
    }
}

impl Journal for FileJournal {
    fn append(&self, record: &Record) -> Result<(), JournalError> {
        self.inner().append(record)
    }

    fn query(&self, query: &Query) -> Result<Page, JournalError> {
        // Waiting records are newer than all written ones.
        let _ = self.inner().write_waiting();
        self.inner()
            .query(query)
            .map_err(JournalError::io("read records"))
    }

    fn counts(&self) -> Result<ErrorCounts, JournalError> {
        let _ = self.inner().write_waiting();
        self.inner()
            .counts()
            .map_err(JournalError::io("count records"))
    }

    fn flush(&self) -> Result<(), JournalError> {
        self.inner().write_waiting()
    }

    fn check(&self) -> Result<(), JournalError> {
        let wall = Timestamp::from(self.inner().clock().wall());
        // In a statement of its own, since subscribers of the log run in the next one.
        let opened = self.inner().commits.sink().open(wall);
        self.inner().tracker.record_check(opened, wall)
    }

    fn status(&self) -> JournalStatus {
        self.inner().tracker.status()
    }

    fn claim(&self, owner: ErrorId) -> Result<Option<Claim>, JournalError> {
        Claim::in_folder(self.folder(), owner, self.inner().clock().wall().into())
            .map_err(JournalError::io("claim"))
    }
}

impl Drop for FileJournal {
    fn drop(&mut self) {
        // In a forked process that never used it nothing waits.
        let Some(inner) = self.inner.existing() else {
            return;
        };
        inner.maintenance.stop();
        if let Err(err) = inner.write_waiting() {
            inner.tracker.report_lost(&err);
        }
    }
}

impl Inner {
    fn start(config: JournalConfig) -> Arc<Self> {
        let folder = Folder::new(config.folder.clone());
        let (buffer_bytes, is_in_background) = (config.buffer_bytes, config.background);
        let config = Arc::new(Revised::new(config));
        let writer = Writer::new(folder.clone(), Arc::clone(&config));
        let inner = Arc::new(Self {
            commits: GroupCommit::new(writer, buffer_bytes),
            tracker: StatusTracker::new(folder.path().to_owned()),
            tallies: Mutex::new(TallyCache::default()),
            maintenance: Maintenance::default(),
            clock_jumps: JumpDetector::new(),
            folder,
            config,
        });
        if is_in_background {
            inner.maintenance.start(&inner, |inner| {
                // The status shows a failure; the next turn tries again.
                let _ = inner.maintain();
            });
        }
        inner
    }

    fn clock(&self) -> &SharedClock {
        &self.config.get().clock
    }

    fn append(&self, record: &Record) -> Result<(), JournalError> {
        let line = line::encode(record);
        let is_urgent = record.is_urgent(self.config.get().inline_level);
        self.with_pass(|pass| self.commits.append(&line, is_urgent, pass))
    }

    fn write_waiting(&self) -> Result<(), JournalError> {
        self.with_pass(|pass| self.commits.flush(pass))
    }

    fn with_pass<T>(&self, run: impl FnOnce(&Pass<'_, Writer>) -> T) -> T {
        let write = |writer: &mut Writer, lines: &[u8], now| {
            let written = writer.write_at(lines, now);
            if mem::take(&mut writer.rotated) {
                self.maintenance.wake();
            }
            written
        };
        let now = Now {
            tick: self.clock().now(),
            wall: self.clock().wall().into(),
        };
        run(&Pass {
            now,
            tracker: &self.tracker,
            write: &write,
        })
    }

    fn query(&self, query: &Query) -> io::Result<Page> {
        let through = RemovedCounts::read_or_none(self.folder.path())
            .unwrap_or_default()
            .through;
        let numbers = self.numbers(through)?;
        let direction = Direction::NewestFirst;
        let mut scan = Scan::new(&self.folder, &self.tallies, numbers, query, direction);
        let mut page = Page::new(Vec::new(), None);
        while let Some(found) = scan.next() {
            match found.map_err(ReadError::into_io) {
                Err(Some(err)) => return Err(err),
                Err(None) => page.torn += 1,
                Ok(found) if page.records.len() == query.parts().limit => {
                    // One more than the page holds: the page ends before it.
                    page.next = Some(Cursor::new(found.number, found.end));
                    break;
                }
                Ok(found) => page.records.push(found.record),
            }
        }
        Ok(page)
    }

    /// Returns the readable files after a number. The status shows the others.
    fn numbers(&self, through: u64) -> io::Result<Vec<u64>> {
        let numbers = self.folder.numbers(through)?;
        Ok(self.folder.readable(numbers, |file, err| {
            self.tracker.report_unreadable(file, err);
        }))
    }

    fn counts(&self) -> io::Result<ErrorCounts> {
        let mut tallies = self.tallies.lock();
        let mut removed_counts = RemovedCounts::read_or_none(self.folder.path())?;
        for _ in 0..MAX_COUNTINGS {
            let sum = tallies.sum(
                &self.folder,
                &removed_counts,
                self.numbers(removed_counts.through)?,
            )?;
            let after = RemovedCounts::read_or_none(self.folder.path())?;
            if after.through == removed_counts.through {
                return Ok(sum.summed());
            }
            // A file was removed after its counts were read, and may be in neither.
            removed_counts = after;
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    fn maintain(&self) -> Result<(), JournalError> {
        // A moved file is closed even if nothing is appended.
        let (now, wall) = (self.clock().now(), Timestamp::from(self.clock().wall()));
        self.commits.sink().close_if_moved_at(now);
        let written = self.write_waiting();
        self.commits.sink().release();
        let is_steady = self.clock_jumps.is_steady_at(now, wall);
        let removed = remove_old(
            &self.folder,
            self.config.get(),
            (wall, is_steady),
            &self.tracker,
        );
        self.tracker.record_removal(&removed);
        removed.map_err(JournalError::io("remove old files"))?;
        written
    }
}

impl fmt::Debug for FileJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileJournal")
            .field("folder", &self.folder())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::{AppError, ErrorCode},
        event::Severity,
        monitor::{
            config::MonitorConfig, handle::ErrorMonitor, journal::group_commit::tests::with_log,
        },
    };
    use std::{sync::mpsc, thread, time::Duration};

    /// The fork is simulated, by the number of another process in place of the parent's.
    #[test]
    fn process_forked_while_its_parent_writes_has_a_writer_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let config = || {
            JournalConfig::builder(folder.path())
                .background(false)
                .build()
                .unwrap()
        };
        let inherited = Inner::start(config());
        let waits = ErrorMonitor::new(MonitorConfig::default());
        let journal = |inner| {
            Arc::new(FileJournal {
                folder: Folder::new(folder.path().to_owned()),
                inner,
            })
        };
        let parent = journal(PerProcess::new(Arc::clone(&inherited)));
        waits.set_journal(parent.clone());
        waits.record_at(
            Severity::Info,
            &AppError::new(ErrorCode::SYNC_ERROR, "of the parent"),
        );
        let busy = inherited.commits.sink();
        let child = journal(PerProcess::inherited(Arc::clone(&inherited)));
        let monitor = ErrorMonitor::new(MonitorConfig::default());
        monitor.set_journal(child.clone());
        monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "of the child"));
        assert_eq!((child.status().written, child.status().waiting), (1, 0));
        assert_eq!(
            child.query(&Query::new()).unwrap().records.len(),
            1,
            "the parent writes its own waiting records"
        );
        drop(monitor.take_journal());
        drop(child);
        drop(busy);
        assert_eq!(parent.query(&Query::new()).unwrap().records.len(), 2);
    }

    /// A subscriber of the log may report errors in turn, which are journalled.
    #[test]
    fn log_of_a_failed_check_may_append() {
        let folder = tempfile::NamedTempFile::new().unwrap();
        let config = JournalConfig::builder(folder.path())
            .background(false)
            .build()
            .unwrap();
        let journal = Arc::new(FileJournal::open(config));
        let monitor = ErrorMonitor::new(MonitorConfig::default());
        monitor.set_journal(journal.clone());
        let (sender, receiver) = mpsc::channel();
        let shared = journal.clone();
        thread::spawn(move || {
            let on_log = move || {
                monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "in the log"));
            };
            let checked = with_log(on_log, || shared.check());
            sender.send(checked.is_err())
        });
        let is_failed = receiver.recv_timeout(Duration::from_secs(60));
        assert_eq!((is_failed, journal.status().waiting), (Ok(true), 1));
    }

    /// A disk that hangs keeps the lock of the writer, and `status` must not wait for it.
    #[test]
    fn status_does_not_wait_for_a_hanging_write() {
        let folder = tempfile::tempdir().unwrap();
        let config = JournalConfig::builder(folder.path())
            .background(false)
            .build()
            .unwrap();
        let journal = Arc::new(FileJournal::open(config));
        let monitor = ErrorMonitor::new(MonitorConfig::default());
        monitor.set_journal(journal.clone());
        monitor.record_at(
            Severity::Info,
            &AppError::new(ErrorCode::SYNC_ERROR, "waits"),
        );
        let hangs = journal.inner().commits.sink();
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

    #[cfg(feature = "config")]
    #[test]
    fn limits_that_replace_others_hold_for_what_is_there_already() {
        let folder = tempfile::tempdir().unwrap();
        let config = |max_bytes| {
            JournalConfig::builder(folder.path())
                .max_segment_bytes(4096)
                .max_bytes(max_bytes)
                .background(false)
        };
        let journal = Arc::new(FileJournal::open(config(1 << 20).build().unwrap()));
        let monitor = ErrorMonitor::new(MonitorConfig::default());
        monitor.set_journal(journal.clone());
        let write = || {
            for _ in 0..100 {
                let text = "x".repeat(200);
                monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, text));
            }
        };
        let bytes = || -> u64 {
            let files = &journal.inner().folder;
            let numbers = files.numbers(0).unwrap().into_iter();
            numbers.map(|number| files.size(number).unwrap()).sum()
        };
        write();
        journal.maintain().unwrap();
        assert!(bytes() > 40_000, "{}", bytes());
        journal.set_limits(&config(16 << 10).max_segment_bytes(8 << 10).build().unwrap());
        journal.maintain().unwrap();
        assert!((4096..=24 << 10).contains(&bytes()), "{}", bytes());
        let counts = journal.counts().unwrap();
        assert_eq!(counts.total, 100, "also those of removed files");
        // Another process goes on with them.
        let forked = Inner::start(journal.inner().config.get().clone());
        assert_eq!(forked.config.get().max_bytes, 16 << 10);
    }
}

//! The spool: the folder of a journal on this machine, read record by record.

mod batch;
mod identity;
mod position;

pub(crate) use batch::{Batch, Entry, Limits};
pub(crate) use identity::Identity;
pub(crate) use position::Position;

use crate::error::DatabaseError;
use gardefou::{
    monitor::journal::{Cursor, JournalReader, Written},
    time::Timestamp,
};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
};

/// A folder, opened to ship its records.
#[derive(Debug)]
pub(crate) struct Spool {
    reader: JournalReader,
    pub(crate) identity: Identity,
    /// Held as long as this is: one process at a time ships a folder.
    _lock: Option<File>,
}

/// What is in the folder and not in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backlog {
    pub(crate) bytes: u64,
    pub(crate) oldest: Option<Timestamp>,
    /// Lines that retention removed since the database was last written.
    pub(crate) lost: u64,
}

const LOCK: &str = "shipper.lock";

impl Spool {
    /// Opens a folder; `None` if it does not exist yet, or another process ships it.
    pub(crate) fn open(folder: &Path) -> Result<Option<Self>, DatabaseError> {
        if !folder.is_dir() {
            return Ok(None);
        }
        let reader = JournalReader::open(folder)?;
        let lock = match lock(folder) {
            Ok(None) => return Ok(None),
            Ok(lock) => lock,
            // Where nothing can be locked, the row of the instance keeps two shippers apart.
            Err(err) if err.kind() == io::ErrorKind::Unsupported => None,
            Err(err) => return Err(DatabaseError::Spool(format!("{LOCK}: {err}"))),
        };
        let identity = Identity::read_or_make(folder, &reader)?;
        Ok(Some(Self {
            reader,
            identity,
            _lock: lock,
        }))
    }

    /// Reads the next records behind a position.
    pub(crate) fn next_batch(
        &self,
        position: &Position,
        limits: Limits,
    ) -> Result<Batch, DatabaseError> {
        batch::next(&self.reader, position, limits)
    }

    /// Returns what lies behind a position.
    pub(crate) fn backlog(&self, position: &Position) -> Result<Backlog, DatabaseError> {
        let written = self.written()?;
        let mut after = position.clone();
        let mut backlog = Backlog {
            lost: after.settle(&written),
            ..Backlog::default()
        };
        for file in &written.files {
            let at = after.at(file.number);
            if file.length <= at {
                continue;
            }
            backlog.bytes += file.length - at;
            if backlog.oldest.is_none() {
                let mut lines = self
                    .reader
                    .lines(Cursor::new(file.number, at), file.length)?;
                let record = lines.find_map(|line| line.ok()?.record);
                backlog.oldest = record.map(|record| record.timestamp);
            }
        }
        Ok(backlog)
    }

    fn written(&self) -> Result<Written, DatabaseError> {
        Ok(self.reader.written()?)
    }
}

/// Takes the lock of a folder; `None` if another process, or another shipper of this one, has it.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(folder.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(err)) => Err(err),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gardefou::{
        AppError, ErrorCode,
        monitor::{
            ErrorMonitor, MonitorConfig,
            journal::{FileJournal, JournalConfig},
        },
    };
    use std::{
        collections::HashMap,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        thread,
    };

    const WRITERS: usize = 3;
    const RECORDS: u64 = 1500;
    const LIMITS: Limits = Limits {
        records: 50,
        bytes: 1 << 20,
    };

    /// Writes numbered records as one of several processes, in small files of which few are kept.
    fn write(folder: &Path, writer: usize, max_bytes: u64) {
        let config = JournalConfig::builder(folder).background(false);
        let config = config.max_segment_bytes(4096).max_bytes(max_bytes);
        let journal = Arc::new(FileJournal::open(config.build().unwrap()));
        let monitor = ErrorMonitor::new(MonitorConfig::default());
        monitor.set_journal(journal.clone());
        for number in 0..RECORDS {
            let message = format!("{writer} {number}");
            monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, message));
            if number % 16 == 0 {
                // Removes files while they are read.
                journal.maintain().unwrap();
            }
        }
    }

    /// Reads batches while others write; returns how many records were read and lost. Checks that
    /// the records of each writer come in their order.
    fn read_while_writing(max_bytes: u64) -> (u64, u64) {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        let running = AtomicUsize::new(WRITERS);
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let running = &running;
                scope.spawn(move || {
                    write(folder, writer, max_bytes);
                    running.fetch_sub(1, Ordering::Release);
                });
            }
            let spool = Spool::open(folder).unwrap().unwrap();
            let mut position = spool.identity.start.clone();
            let (mut read, mut lost) = (0, 0);
            let mut next: HashMap<String, u64> = HashMap::new();
            loop {
                let is_over = running.load(Ordering::Acquire) == 0;
                let batch = spool.next_batch(&position, LIMITS).unwrap();
                for entry in &batch.entries {
                    let (writer, number) = entry.record.message.split_once(' ').unwrap();
                    let number: u64 = number.parse().unwrap();
                    let next = next.entry(writer.to_owned()).or_default();
                    assert!(number >= *next, "{number} of {writer} after {}", *next - 1);
                    *next = number + 1;
                }
                read += batch.entries.len() as u64;
                lost += batch.lost;
                assert_eq!(batch.torn, 0);
                if is_over && batch.is_empty() {
                    return (read, lost);
                }
                // As it is stored in the database.
                position = Position::from_json(&batch.after.to_json()).unwrap();
            }
        })
    }

    #[test]
    fn every_record_is_read_once_and_in_order_while_processes_write() {
        let total = WRITERS as u64 * RECORDS;
        assert_eq!(read_while_writing(1 << 30), (total, 0));
    }

    #[test]
    fn every_record_is_read_or_lost_while_files_are_removed() {
        let (read, lost) = read_while_writing(16 * 1024);
        assert_eq!(read + lost, WRITERS as u64 * RECORDS, "{read} + {lost}");
    }
}

//! The journal of JSON Lines in a folder.

use super::{
    Counts, Cursor, Journal, JournalConfig, JournalError, JournalStatus, Page, Query,
    backwards::Backwards,
    counts::DayCounts,
    line,
    segments::{Folder, RollUp},
    writer::{Outcome, Writer},
};
use crate::{
    event::names,
    monitor::ErrorRecord,
    sync::Mutex,
    time::{SharedClock, Timestamp},
};
use std::{
    collections::BTreeMap,
    fmt, io,
    path::Path,
    sync::{Arc, Condvar, Mutex as StdMutex, PoisonError, Weak},
    thread,
    time::Duration,
};

/// A journal of JSON Lines in a folder; see the [module](super) for what it promises.
///
/// Opening touches no file, and nothing that is wrong with the folder fails the program: see
/// [`status`](Journal::status). Several processes, and several journals of one process, may share a folder.
/// Dropping it writes what waits.
pub struct FileJournal {
    shared: Arc<Shared>,
}

struct Shared {
    config: JournalConfig,
    folder: Folder,
    writer: Mutex<Writer>,
    status: Mutex<JournalStatus>,
    counted: Mutex<Counted>,
    wake: Wake,
}

/// What was counted of files that are still there, so that only what was added is counted next time.
#[derive(Default)]
struct Counted(BTreeMap<u64, (u64, DayCounts)>);

/// Wakes the thread that writes what waits and removes old files.
#[derive(Default)]
struct Wake {
    /// Whether there is something to do at once, and whether the journal is gone.
    flags: StdMutex<(bool, bool)>,
    changed: Condvar,
}

const TICK: Duration = Duration::from_secs(1);

impl FileJournal {
    /// Makes a journal; its folder and first file are made with the first record.
    #[must_use]
    pub fn open(config: JournalConfig) -> Self {
        let folder = Folder::new(config.folder.clone());
        let shared = Arc::new(Shared {
            writer: Mutex::new(Writer::new(folder.clone(), &config)),
            status: Mutex::new(JournalStatus::default()),
            counted: Mutex::new(Counted::default()),
            wake: Wake::default(),
            folder,
            config,
        });
        if shared.config.background {
            start_thread(&shared);
        }
        Self { shared }
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.shared.folder.path()
    }

    /// Writes what waits and removes files by total size and age; the journal's own thread does so every second.
    ///
    /// # Errors
    ///
    /// The folder cannot be written or read; nothing is lost by that.
    pub fn maintain(&self) -> Result<(), JournalError> {
        self.shared.maintain()
    }
}

impl Journal for FileJournal {
    fn append(&self, record: &ErrorRecord) -> Result<(), JournalError> {
        self.shared.append(record)
    }

    fn query(&self, query: &Query) -> Result<Page, JournalError> {
        // What waits is newer than all that is written.
        let _ = self.shared.write_waiting();
        self.shared.query(query).map_err(JournalError::io("read records"))
    }

    fn counts(&self) -> Result<Counts, JournalError> {
        let _ = self.shared.write_waiting();
        self.shared.counts().map_err(JournalError::io("count records"))
    }

    fn flush(&self) -> Result<(), JournalError> {
        self.shared.write_waiting()
    }

    fn status(&self) -> JournalStatus {
        let waiting = self.shared.writer.lock().waiting_lines();
        JournalStatus { waiting, ..self.shared.status.lock().clone() }
    }
}

impl Drop for FileJournal {
    fn drop(&mut self) {
        let mut flags = self.shared.wake.flags.lock().unwrap_or_else(PoisonError::into_inner);
        flags.1 = true;
        drop(flags);
        self.shared.wake.changed.notify_all();
        let _ = self.shared.write_waiting();
    }
}

impl Shared {
    fn clock(&self) -> &SharedClock {
        &self.config.clock
    }

    fn append(&self, record: &ErrorRecord) -> Result<(), JournalError> {
        let line = line::encode(record);
        let (now, wall) = (self.clock().now(), Timestamp::from(self.clock().wall()));
        let mut writer = self.writer.lock();
        if !writer.push(&line, self.config.buffer_bytes) {
            drop(writer);
            let mut status = self.status.lock();
            status.failed += 1;
            status.lost += 1;
            return Err(JournalError::waiting());
        }
        let is_urgent = record.is_urgent(self.config.inline_level);
        if !is_urgent && writer.waiting_bytes() < self.config.buffer_bytes / 2 {
            return Ok(());
        }
        let outcome = writer.write_at(now, wall);
        let rotated = std::mem::take(&mut writer.rotated);
        drop(writer);
        if rotated {
            self.wake.now();
        }
        self.settle(outcome, wall, 1)
    }

    fn write_waiting(&self) -> Result<(), JournalError> {
        let (now, wall) = (self.clock().now(), Timestamp::from(self.clock().wall()));
        let outcome = self.writer.lock().write_at(now, wall);
        self.settle(outcome, wall, 0)
    }

    /// Notes what became of a write, and says so in the log when it changes.
    fn settle(&self, outcome: Outcome, wall: Timestamp, records: u64) -> Result<(), JournalError> {
        let mut status = self.status.lock();
        match outcome {
            Outcome::Written(lines) => {
                status.written += lines;
                let resumed = if lines > 0 { status.failing_since.take() } else { None };
                drop(status);
                if let Some(since) = resumed {
                    tracing::info!(target: names::TARGET_JOURNAL, %since, "journal: writing again");
                }
                Ok(())
            }
            Outcome::Paused => {
                status.failed += records;
                Err(JournalError::waiting())
            }
            Outcome::Failed(lines, err) => {
                status.written += lines;
                status.failed += records;
                let is_new = status.failing_since.is_none();
                status.failing_since.get_or_insert(wall);
                status.last_error = Some(err.to_string());
                drop(status);
                if is_new {
                    tracing::error!(
                        target: names::TARGET_JOURNAL,
                        folder = %self.folder.path().display(),
                        error = %err,
                        "journal: cannot write; errors wait in memory"
                    );
                }
                Err(JournalError::new("append a record", err))
            }
        }
    }

    fn query(&self, query: &Query) -> io::Result<Page> {
        let through = self.folder.roll_up().unwrap_or_default().through;
        let mut page = Page::new(Vec::new(), None);
        let (last, mut end) = match query.after {
            None => (u64::MAX, None),
            Some(cursor) => (cursor.part(), Some(cursor.position())),
        };
        for number in self.folder.numbers(through)?.into_iter().rev().filter(|number| *number <= last) {
            let Some(file) = self.folder.open_to_read(number)? else { continue };
            let length = file.metadata()?.len();
            let from = if number == last { end.take().unwrap_or(length).min(length) } else { length };
            let mut lines = Backwards::new(file, from);
            while let Some((at, line)) = lines.next_line()? {
                let Ok(found) = line::decode(&line) else {
                    page.torn += 1;
                    continue;
                };
                page.torn += u64::from(found.after_torn);
                if !query.matches(&found.record) {
                    continue;
                }
                if page.records.len() == query.limit {
                    // One more than fits: the page ends before it.
                    page.next = page.next.or(Some(Cursor::new(number, at + line.len() as u64 + 1)));
                    return Ok(page);
                }
                page.records.push(found.record);
            }
        }
        Ok(page)
    }

    fn counts(&self) -> io::Result<Counts> {
        let mut counted = self.counted.lock();
        let roll_up = self.folder.roll_up()?;
        let numbers = self.folder.numbers(roll_up.through)?;
        counted.0.retain(|number, _| numbers.contains(number));
        let mut sum = roll_up.days;
        for number in numbers {
            let (position, days) = counted.0.entry(number).or_default();
            *position = self.folder.count_from(number, *position, days)?;
            sum.merge(days);
        }
        Ok(sum.summed())
    }

    fn maintain(&self) -> Result<(), JournalError> {
        let written = self.write_waiting();
        self.remove_old().map_err(JournalError::io("remove old files"))?;
        written
    }

    /// Removes the oldest files beyond the limits, their counts kept first.
    fn remove_old(&self) -> io::Result<()> {
        let roll_up = self.folder.roll_up().unwrap_or_default();
        let all = self.folder.numbers(0)?;
        // Left over by a process that was killed between keeping the counts and removing the file.
        let counted_already = all.iter().take_while(|number| **number <= roll_up.through);
        let wall = Timestamp::from(self.clock().wall());
        let excess = self.excess(&all[counted_already.clone().count()..], wall)?;
        if excess.is_empty() && counted_already.clone().next().is_none() {
            return Ok(());
        }
        let Some(_lock) = self.folder.try_lock()? else { return Ok(()) };
        // Another process may have been here in between.
        let mut roll_up: RollUp = self.folder.roll_up()?;
        for number in counted_already {
            remove(&self.folder, *number)?;
        }
        for number in excess {
            if number <= roll_up.through {
                continue;
            }
            let mut days = DayCounts::default();
            self.folder.count_from(number, 0, &mut days)?;
            roll_up.days.merge(&days);
            roll_up.through = number;
            // In this order: a crash in between leaves a file whose number says that it is counted already.
            self.folder.write_roll_up(&roll_up)?;
            remove(&self.folder, number)?;
        }
        Ok(())
    }

    /// The files that go, oldest first; never the newest.
    fn excess(&self, numbers: &[u64], wall: Timestamp) -> io::Result<Vec<u64>> {
        let mut sizes = Vec::new();
        for number in numbers {
            let size = self.folder.open_to_read(*number)?.map(|file| file.metadata()).transpose()?;
            sizes.push(size.map_or(0, |metadata| metadata.len()));
        }
        let mut total: u64 = sizes.iter().sum();
        let mut excess = Vec::new();
        for (number, size) in numbers.iter().zip(sizes).take(numbers.len().saturating_sub(1)) {
            let last = self.folder.last_timestamp(*number)?;
            let is_old = last.is_none_or(|last| wall.since(last) >= self.config.max_age);
            if total <= self.config.max_bytes && !is_old {
                break;
            }
            total -= size;
            excess.push(*number);
        }
        Ok(excess)
    }
}

fn remove(folder: &Folder, number: u64) -> io::Result<()> {
    match std::fs::remove_file(folder.path_of(number)) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

impl Wake {
    fn now(&self) {
        self.flags.lock().unwrap_or_else(PoisonError::into_inner).0 = true;
        self.changed.notify_all();
    }

    /// Waits for a second, or until there is something to do; tells whether to go on.
    fn wait(&self) -> bool {
        let flags = self.flags.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(flags, TICK, |(now, gone)| !*now && !*gone);
        let (mut flags, _) = waited.unwrap_or_else(PoisonError::into_inner);
        flags.0 = false;
        !flags.1
    }
}

/// Starts the thread that keeps the journal. Without it (a process that may have no more threads) records that wait
/// are written with the next urgent one.
fn start_thread(shared: &Arc<Shared>) {
    let journal = Arc::downgrade(shared);
    let keep = move || {
        while let Some(journal) = Weak::upgrade(&journal) {
            if !journal.wake.wait() {
                return;
            }
            // What fails here is told by the status, and tried again in a second.
            let _ = journal.maintain();
        }
    };
    let started = thread::Builder::new().name("gardefou-journal".into()).spawn(keep);
    if let Err(err) = started {
        tracing::warn!(target: names::TARGET_JOURNAL, error = %err, "journal: no thread; old files stay");
    }
}

impl fmt::Debug for FileJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileJournal").field("folder", &self.folder()).finish_non_exhaustive()
    }
}

//! The writer of a journal: one open file, which lines are appended to.

use super::{
    config::JournalConfig,
    file_identity::FileIdentity,
    file_state::FileState,
    group_commit::{Now, Written},
    removed_counts::RemovedCounts,
    segments::{Folder, MAX_NUMBER},
};
use crate::{
    revised::Revised,
    time::{Tick, Timestamp},
};
use std::{
    fs::{File, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    sync::Arc,
    time::Duration,
};

/// Appends lines to the newest file.
#[derive(Debug)]
pub(super) struct Writer {
    folder: Folder,
    /// Replaced while the writer is in use.
    config: Arc<Revised<JournalConfig>>,
    /// Whether the lock of the open file is kept from one append to the next, until
    /// [`Self::release`].
    keeps_lock: bool,
    active: Option<ActiveFile>,
    /// When the path of the open file is next checked.
    next_check: Tick,
    /// Set when files were added, so that old ones may have to be removed.
    pub(super) rotated: bool,
}

#[derive(Debug)]
struct ActiveFile {
    file: File,
    identity: FileIdentity,
    /// The file that is locked in place of this one, where a lock would exclude the writer itself.
    gate: Option<File>,
    is_locked: bool,
    number: u64,
    /// When its first record was written.
    since: Timestamp,
    /// The file ends in the middle of a line: the next write begins with a newline.
    torn: bool,
}

/// How long it may take to detect that a file was moved. Where an open file does not show that it
/// was removed, each append checks the path.
const CHECK_INTERVAL: Duration = if cfg!(unix) {
    Duration::from_secs(1)
} else {
    Duration::ZERO
};
/// How many files may be found full or removed before an append gives up.
const MAX_MOVES: usize = 16;
/// How many of the newest files are tried before a new one is begun, where those of other users are
/// among them.
const MAX_TRIED: usize = 8;

impl Writer {
    pub(super) fn new(folder: Folder, config: Arc<Revised<JournalConfig>>) -> Self {
        Self {
            folder,
            // Locking and unlocking takes a fifth of an append. Without a maintenance thread the
            // lock would not be released in time.
            keeps_lock: config.get().background,
            config,
            active: None,
            next_check: Tick::ZERO,
            rotated: false,
        }
    }

    /// Writes complete lines in one write.
    pub(super) fn write_at(&mut self, lines: &[u8], now: Now) -> Written {
        self.try_write(lines, now).unwrap_or_else(|(bytes, error)| {
            // Reopened next time: the cause may be the file itself.
            self.active = None;
            Written {
                bytes,
                error: Some(error),
            }
        })
    }

    /// As [`write_at`](Self::write_at); an error has the number of bytes that were written before.
    fn try_write(&mut self, lines: &[u8], now: Now) -> Result<Written, (usize, io::Error)> {
        let nothing = |error| (0, error);
        self.close_if_moved_at(now.tick);
        self.enter(now.wall).map_err(nothing)?;
        let Some(active) = &mut self.active else {
            return Err(nothing(io::ErrorKind::NotFound.into()));
        };
        let result = if active.torn {
            let separated = [b"\n", lines].concat();
            // At the end of a line nothing is torn, whatever follows.
            write_once(&mut active.file, &separated).map(|written| written.saturating_sub(1))
        } else {
            write_once(&mut active.file, lines)
        };
        if !self.keeps_lock {
            active.leave();
        }
        match result {
            Ok(written) if written == lines.len() => {
                active.torn = false;
                Ok(Written::default())
            }
            // Complete lines are written; the torn one is written again later.
            Ok(written) => {
                let end = lines[..written].iter().rposition(|byte| *byte == b'\n');
                let whole = end.map_or(0, |at| at + 1);
                Err((whole, io::ErrorKind::StorageFull.into()))
            }
            Err(error) => Err(nothing(error)),
        }
    }

    /// Closes the open file if it was moved, so that lines go to a file that readers find. Checks
    /// once a second, as resolving the path takes longer than the append.
    pub(super) fn close_if_moved_at(&mut self, now: Tick) {
        let Some(active) = &self.active else { return };
        if now < self.next_check {
            return;
        }
        self.next_check = now.after(CHECK_INTERVAL);
        if FileIdentity::at(&self.folder.path_of(active.number)) != Some(active.identity) {
            self.active = None;
        }
    }

    /// Opens the file for the next line, and makes it if there is none.
    pub(super) fn open(&mut self, wall: Timestamp) -> io::Result<()> {
        self.enter(wall)?;
        self.release();
        Ok(())
    }

    /// Releases the lock, so that other processes can count and remove the file: a writer with
    /// nothing to write must not block them.
    pub(super) fn release(&mut self) {
        if let Some(active) = &mut self.active {
            active.leave();
        }
    }

    /// Ensures that the open file exists, takes lines, and is neither full nor old; keeps it from
    /// being counted until [`ActiveFile::leave`].
    fn enter(&mut self, wall: Timestamp) -> io::Result<()> {
        for _ in 0..MAX_MOVES {
            let mut active = match self.active.take() {
                Some(active) => active,
                None => match self.open_newest(wall)? {
                    Some(active) => active,
                    None => continue,
                },
            };
            let Some(len) = active.enter()? else {
                continue;
            };
            let config = self.config.get();
            let is_full = len >= config.max_segment_bytes;
            let is_old = len > 0 && wall.since(active.since) >= config.max_segment_age;
            if (is_full || is_old) && active.number < MAX_NUMBER {
                active.leave();
                self.active = self.open_next(active.number, wall)?;
                self.rotated = true;
            } else {
                self.active = Some(active);
                return Ok(());
            }
        }
        // Another process removes files faster than this.
        Err(io::ErrorKind::ResourceBusy.into())
    }

    fn open_newest(&self, wall: Timestamp) -> io::Result<Option<ActiveFile>> {
        let numbers = self.folder.numbers(0)?;
        for number in numbers.iter().rev().take(MAX_TRIED) {
            match self.folder.open_to_append(*number) {
                // A file of another user. The next one of this user will do, rather than a new file
                // for each start.
                Err(_) => {}
                Ok(None) => break,
                Ok(Some(file)) => match self.check(*number, file, wall)? {
                    None => break,
                    active => return Ok(active),
                },
            }
        }
        self.open_next(numbers.last().copied().unwrap_or(0), wall)
    }

    /// Opens the next file: one that another process began, or a new one.
    fn open_next(&self, current: u64, wall: Timestamp) -> io::Result<Option<ActiveFile>> {
        let newest = self.folder.numbers(current)?.last().copied();
        if let Some(newest) = newest
            && let Ok(Some(file)) = self.folder.open_to_append(newest)
        {
            return self.check(newest, file, wall);
        }
        let through = RemovedCounts::read_or_none(self.folder.path())
            .unwrap_or_default()
            .through;
        let (number, file) = self
            .folder
            .open_after(newest.unwrap_or(current).max(through))?;
        self.check(number, file, wall)
    }

    /// Accepts an open file, unless it was counted meanwhile: its path could have been made again
    /// under the number of a removed file.
    fn check(&self, number: u64, file: File, wall: Timestamp) -> io::Result<Option<ActiveFile>> {
        let gate = self.folder.gate_of(number)?;
        let mut active = ActiveFile {
            identity: FileIdentity::from_metadata(&file.metadata()?),
            file,
            gate,
            is_locked: false,
            number,
            since: wall,
            torn: false,
        };
        if active.enter()?.is_none() {
            return Ok(None);
        }
        // Only now: while the lock is held, no process begins to count this file.
        let through = RemovedCounts::read_or_none(self.folder.path())
            .unwrap_or_default()
            .through;
        if number <= through {
            return Ok(None);
        }
        active.torn = ends_within_a_line(&mut active.file)?;
        active.since = self.folder.first_timestamp(number)?.unwrap_or(wall);
        active.leave();
        Ok(Some(active))
    }
}

impl ActiveFile {
    /// Keeps the file from being counted and removed while a line is appended; returns its size, or
    /// `None` if it is being counted already, or was removed.
    fn enter(&mut self) -> io::Result<Option<u64>> {
        if !self.is_locked {
            match self.gate.as_ref().unwrap_or(&self.file).try_lock_shared() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                // Where nothing can be locked, nothing is removed either.
                Err(TryLockError::Error(_)) | Ok(()) => self.is_locked = true,
            }
        }
        let state = FileState::of(&self.file)?;
        Ok((!state.is_closed).then_some(state.len))
    }

    fn leave(&mut self) {
        self.is_locked = false;
        let _ = self.gate.as_ref().unwrap_or(&self.file).unlock();
    }
}

/// Writes with one system call: the result is complete, or known to be torn.
fn write_once(file: &mut File, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match file.write(bytes) {
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

fn ends_within_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]
mod tests {
    use super::*;
    use std::{process::Command, thread};

    /// A pipe without a reader takes no more than its buffer: an append that hangs in the middle.
    fn locked_while_appending(background: bool) -> (Writer, File) {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(parent.path().to_owned());
        let (path, wall) = (folder.path_of(1), Timestamp::from_unix_millis(0));
        assert!(
            Command::new("mkfifo")
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        let open = || File::options().read(true).write(true).open(&path).unwrap();
        let (file, mut reader, counting) = (open(), open(), open());
        let config = JournalConfig::builder(parent.path())
            .background(background)
            .build()
            .unwrap();
        let mut writer = Writer::new(folder, Arc::new(Revised::new(config)));
        let identity = FileIdentity::from_metadata(&file.metadata().unwrap());
        let (gate, number, since) = (None, 1, wall);
        writer.active = Some(ActiveFile {
            file,
            identity,
            gate,
            is_locked: false,
            number,
            since,
            torn: false,
        });
        let line = [&[b'x'; 256 * 1024][..], b"\n"].concat();
        let (lines, tick) = (line.clone(), Tick::ZERO);

        let appending =
            thread::spawn(move || (writer.write_at(&lines, Now { tick, wall }), writer));
        let mut first = [0];
        reader.read_exact(&mut first).unwrap();
        assert!(
            matches!(counting.try_lock(), Err(TryLockError::WouldBlock)),
            "counted while a line was appended"
        );
        reader.read_exact(&mut vec![0; line.len() - 1]).unwrap();
        let (written, writer) = appending.join().unwrap();
        assert!(written.error.is_none(), "{written:?}");
        (writer, counting)
    }

    #[test]
    fn file_is_locked_while_an_append_is_under_way() {
        let (_writer, counting) = locked_while_appending(false);
        counting.try_lock().unwrap();
    }

    #[test]
    fn writer_with_a_thread_keeps_the_lock_until_the_thread_releases_it() {
        let (mut writer, counting) = locked_while_appending(true);
        assert!(
            matches!(counting.try_lock(), Err(TryLockError::WouldBlock)),
            "kept for the next append"
        );
        writer.release();
        counting.try_lock().unwrap();
    }
}

//! The end of the journal that grows: one open file, and lines that wait.

use super::{
    config::JournalConfig,
    file_identity::FileIdentity,
    removed_counts::RemovedCounts,
    segments::{Folder, MAX_NUMBER, is_sealed},
    status::WriteOutcome,
};
use crate::time::{Tick, Timestamp};
use std::{
    fs::{File, Metadata, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    mem,
    time::Duration,
};

#[derive(Debug)]
pub(super) struct Writer {
    folder: Folder,
    max_bytes: u64,
    max_age: Duration,
    /// Whether the lock of the open file is kept from one append to the next, until
    /// [`Self::let_go`].
    keeps_lock: bool,
    active: Option<Active>,
    /// Whole lines that were not written yet.
    waiting: Vec<u8>,
    waiting_lines: u64,
    /// After a failure nothing is tried before this tick: a full disk stays full for a while, and
    /// callers wait here.
    not_before: Tick,
    /// When the path of the open file is looked at again.
    next_look: Tick,
    /// Set when files were added, for the one who removes old ones.
    pub(super) rotated: bool,
}

#[derive(Debug)]
struct Active {
    file: File,
    identity: FileIdentity,
    /// What is locked in place of the file, where the lock of a file would keep its own writers
    /// out.
    gate: Option<File>,
    is_locked: bool,
    number: u64,
    /// When its first record was written.
    since: Timestamp,
    /// The file ends in the middle of a line: the next write begins with a newline.
    torn: bool,
}

const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);
/// How long a file that was moved away may go unnoticed. Where an open file does not tell that it
/// was removed, each append asks the path.
const LOOK_EVERY: Duration = if cfg!(unix) {
    Duration::from_secs(1)
} else {
    Duration::ZERO
};
/// How many files may be found full or gone before an append gives up.
const MOST_MOVES: usize = 16;
/// How many of the newest files are tried before a new one is begun, where those of other users are
/// among them.
const MOST_TRIED: usize = 8;

impl Writer {
    pub(super) fn new(folder: Folder, config: &JournalConfig) -> Self {
        Self {
            folder,
            max_bytes: config.max_segment_bytes,
            max_age: config.max_segment_age,
            // Locking and unlocking takes a fifth of an append. Without a thread nobody would let
            // go in time.
            keeps_lock: config.background,
            active: None,
            waiting: Vec::new(),
            waiting_lines: 0,
            not_before: Tick::ZERO,
            next_look: Tick::ZERO,
            rotated: false,
        }
    }

    /// Puts a line behind those that wait, if there is room; tells whether there was.
    pub(super) fn push(&mut self, line: &[u8], room: usize) -> bool {
        // A single line larger than all room is let through: the next write takes it.
        let fits = self.waiting.is_empty() || self.waiting.len() + line.len() <= room;
        if fits {
            self.waiting.extend_from_slice(line);
            self.waiting_lines += 1;
        }
        fits
    }

    pub(super) fn waiting_lines(&self) -> u64 {
        self.waiting_lines
    }

    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting.len()
    }

    /// Writes all lines that wait, in one write.
    pub(super) fn write_at(&mut self, now: Tick, wall: Timestamp) -> WriteOutcome<io::Error> {
        if self.waiting.is_empty() {
            return WriteOutcome::Written(0);
        }
        if now < self.not_before {
            return WriteOutcome::Paused;
        }
        let before = self.waiting_lines;
        match self.try_write(now, wall) {
            Ok(()) => {
                self.waiting_lines = 0;
                // A burst that waited is not kept room for.
                self.waiting = if self.waiting.capacity() > 64 * 1024 {
                    Vec::new()
                } else {
                    mem::take(&mut self.waiting)
                };
                self.waiting.clear();
                WriteOutcome::Written(before)
            }
            Err(err) => {
                // Opened afresh next time: what is wrong may be the file itself.
                self.active = None;
                self.not_before = now.after(PAUSE_AFTER_FAILURE);
                WriteOutcome::Failed(before - self.waiting_lines, err)
            }
        }
    }

    fn try_write(&mut self, now: Tick, wall: Timestamp) -> io::Result<()> {
        self.look_at(now);
        self.enter(wall)?;
        let Some(active) = &mut self.active else {
            return Err(io::ErrorKind::NotFound.into());
        };
        if active.torn {
            self.waiting.insert(0, b'\n');
        }
        let result = write_once(&mut active.file, &self.waiting);
        if !self.keeps_lock {
            active.leave();
        }
        let written = *result.as_ref().unwrap_or(&0);
        if written == self.waiting.len() {
            active.torn = false;
            return Ok(());
        }
        // Of what was written, the whole lines stay; the one that was torn is written again later.
        let whole = self.waiting[..written]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let lines = self.waiting[..whole]
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .count();
        active.torn = if written > 0 {
            written > whole
        } else {
            active.torn
        };
        self.waiting.drain(..whole);
        if self.waiting.first() == Some(&b'\n') {
            self.waiting.remove(0);
        }
        self.waiting_lines -= lines as u64;
        Err(result
            .err()
            .unwrap_or_else(|| io::ErrorKind::StorageFull.into()))
    }

    /// Notifications that the open file was moved away: it is still there, but where nobody looks for it.
    /// Once a second, as the way through the path takes longer than the append.
    pub(super) fn look_at(&mut self, now: Tick) {
        let Some(active) = &self.active else { return };
        if now < self.next_look {
            return;
        }
        self.next_look = now.after(LOOK_EVERY);
        if FileIdentity::at(&self.folder.path_of(active.number)) != Some(active.identity) {
            self.active = None;
        }
    }

    /// Opens the file that the next line goes to, and makes it where there is none.
    pub(super) fn open(&mut self, wall: Timestamp) -> io::Result<()> {
        self.enter(wall)?;
        self.let_go();
        Ok(())
    }

    /// Lets others count and remove the open file: a writer with nothing to write must not hold it
    /// up.
    pub(super) fn let_go(&mut self) {
        if let Some(active) = &mut self.active {
            active.leave();
        }
    }

    /// Sees to it that the open file is there, takes lines, and is neither full nor old; and keeps
    /// it from being counted until [`Active::leave`].
    fn enter(&mut self, wall: Timestamp) -> io::Result<()> {
        for _ in 0..MOST_MOVES {
            let mut active = match self.active.take() {
                Some(active) => active,
                None => match self.open_newest(wall)? {
                    Some(active) => active,
                    None => continue,
                },
            };
            let Some(metadata) = active.enter()? else {
                continue;
            };
            let is_full = metadata.len() >= self.max_bytes;
            let is_old = metadata.len() > 0 && wall.since(active.since) >= self.max_age;
            if (is_full || is_old) && active.number < MAX_NUMBER {
                active.leave();
                self.active = self.open_next(active.number, wall)?;
                self.rotated = true;
            } else {
                self.active = Some(active);
                return Ok(());
            }
        }
        // Whoever is faster than this leaves no file standing.
        Err(io::ErrorKind::ResourceBusy.into())
    }

    fn open_newest(&self, wall: Timestamp) -> io::Result<Option<Active>> {
        let numbers = self.folder.numbers(0)?;
        for number in numbers.iter().rev().take(MOST_TRIED) {
            match self.folder.open_to_append(*number) {
                // That of another user: the next file that is ours will do, rather than one more
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

    /// Goes on to the next file: the one that another process began, or a new one.
    fn open_next(&self, current: u64, wall: Timestamp) -> io::Result<Option<Active>> {
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
            .open_behind(newest.unwrap_or(current).max(through))?;
        self.check(number, file, wall)
    }

    /// Takes an open file as ours, unless it was counted in the meantime: by its path alone it
    /// could have been made again under a number that is gone.
    fn check(&self, number: u64, file: File, wall: Timestamp) -> io::Result<Option<Active>> {
        let gate = self.folder.gate_of(number)?;
        let mut active = Active {
            identity: FileIdentity::of(&file.metadata()?),
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
        // Only now: while the lock is held, nobody begins to count this file.
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

impl Active {
    /// Keeps the file from being counted and removed while a line is appended; tells what is known
    /// of it, or nothing where that has begun.
    fn enter(&mut self) -> io::Result<Option<Metadata>> {
        if !self.is_locked {
            match self.gate.as_ref().unwrap_or(&self.file).try_lock_shared() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                // Where nothing can be locked, nothing is removed either.
                Err(TryLockError::Error(_)) | Ok(()) => self.is_locked = true,
            }
        }
        let metadata = self.file.metadata()?;
        if is_gone(&metadata) || is_sealed(&metadata) {
            Ok(None)
        } else {
            Ok(Some(metadata))
        }
    }

    fn leave(&mut self) {
        self.is_locked = false;
        let _ = self.gate.as_ref().unwrap_or(&self.file).unlock();
    }
}

/// One call of the system: what it takes is whole or known to be torn.
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

/// Tells whether the file was removed while it was open.
#[cfg(unix)]
fn is_gone(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) == 0
}

/// Told by the path alone on other systems, see `LOOK_EVERY`.
#[cfg(not(unix))]
fn is_gone(_: &Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]
mod tests {
    use super::*;
    use std::{process::Command, thread};

    /// A pipe that nobody reads takes no more than its buffer: an append that hangs in the middle.
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
        let mut writer = Writer::new(folder, &config);
        let identity = FileIdentity::of(&file.metadata().unwrap());
        let (gate, number, since) = (None, 1, wall);
        writer.active = Some(Active {
            file,
            identity,
            gate,
            is_locked: false,
            number,
            since,
            torn: false,
        });
        let line = [&[b'x'; 256 * 1024][..], b"\n"].concat();
        assert!(writer.push(&line, usize::MAX));

        let appending = thread::spawn(move || (writer.write_at(Tick::ZERO, wall), writer));
        let mut first = [0];
        reader.read_exact(&mut first).unwrap();
        assert!(
            matches!(counting.try_lock(), Err(TryLockError::WouldBlock)),
            "counted while a line was appended"
        );
        reader.read_exact(&mut vec![0; line.len() - 1]).unwrap();
        let (outcome, writer) = appending.join().unwrap();
        assert!(matches!(outcome, WriteOutcome::Written(1)), "{outcome:?}");
        assert_eq!(writer.waiting_lines(), 0);
        (writer, counting)
    }

    #[test]
    fn a_file_is_locked_for_as_long_as_an_append_is_under_way() {
        let (_writer, counting) = locked_while_appending(false);
        counting.try_lock().unwrap();
    }

    #[test]
    fn a_writer_with_a_thread_lets_go_of_its_file_when_the_thread_comes_by() {
        let (mut writer, counting) = locked_while_appending(true);
        assert!(
            matches!(counting.try_lock(), Err(TryLockError::WouldBlock)),
            "kept for the next append"
        );
        writer.let_go();
        counting.try_lock().unwrap();
    }
}

//! The end of the journal that grows: one open file, and lines that wait.

use super::{JournalConfig, segments::Folder};
use crate::time::{Tick, Timestamp};
use std::{
    fs::{File, Metadata},
    io::{self, Read, Seek, SeekFrom, Write},
    mem,
    time::Duration,
};

#[derive(Debug)]
pub(super) struct Writer {
    folder: Folder,
    max_bytes: u64,
    max_age: Duration,
    active: Option<Active>,
    /// Whole lines that were not written yet.
    waiting: Vec<u8>,
    waiting_lines: u64,
    /// After a failure nothing is tried before this tick: a full disk stays full for a while, and callers wait here.
    not_before: Tick,
    /// Set when files were added, for the one who removes old ones.
    pub(super) rotated: bool,
}

#[derive(Debug)]
struct Active {
    file: File,
    number: u64,
    /// When its first record was written.
    since: Timestamp,
    /// The file ends in the middle of a line: the next write begins with a newline.
    torn: bool,
}

const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// What became of a write.
#[derive(Debug)]
pub(super) enum Outcome {
    /// All lines are in the file: so many.
    Written(u64),
    /// Nothing was tried, because the last try failed just now.
    Paused,
    /// So many lines are in the file, the rest is not.
    Failed(u64, io::Error),
}

impl Writer {
    pub(super) fn new(folder: Folder, config: &JournalConfig) -> Self {
        Self {
            folder,
            max_bytes: config.max_segment_bytes,
            max_age: config.max_segment_age,
            active: None,
            waiting: Vec::new(),
            waiting_lines: 0,
            not_before: Tick::ZERO,
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
    pub(super) fn write_at(&mut self, now: Tick, wall: Timestamp) -> Outcome {
        if self.waiting.is_empty() {
            return Outcome::Written(0);
        }
        if now < self.not_before {
            return Outcome::Paused;
        }
        let before = self.waiting_lines;
        match self.try_write(wall) {
            Ok(()) => {
                self.waiting_lines = 0;
                // A burst that waited is not kept room for.
                self.waiting =
                    if self.waiting.capacity() > 64 * 1024 { Vec::new() } else { mem::take(&mut self.waiting) };
                self.waiting.clear();
                Outcome::Written(before)
            }
            Err(err) => {
                // Opened afresh next time: what is wrong may be the file itself.
                self.active = None;
                self.not_before = now.after(PAUSE_AFTER_FAILURE);
                Outcome::Failed(before - self.waiting_lines, err)
            }
        }
    }

    fn try_write(&mut self, wall: Timestamp) -> io::Result<()> {
        self.make_current(wall)?;
        let Some(active) = &mut self.active else { return Err(io::ErrorKind::NotFound.into()) };
        if active.torn {
            self.waiting.insert(0, b'\n');
        }
        let result = write_once(&mut active.file, &self.waiting);
        let written = *result.as_ref().unwrap_or(&0);
        if written == self.waiting.len() {
            active.torn = false;
            return Ok(());
        }
        // Of what was written, the whole lines stay; the one that was torn is written again later.
        let whole = self.waiting[..written].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines = self.waiting[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        active.torn = if written > 0 { written > whole } else { active.torn };
        self.waiting.drain(..whole);
        if self.waiting.first() == Some(&b'\n') {
            self.waiting.remove(0);
        }
        self.waiting_lines -= lines as u64;
        Err(result.err().unwrap_or_else(|| io::ErrorKind::StorageFull.into()))
    }

    /// Sees to it that the open file is the newest, is there, and is neither full nor old.
    fn make_current(&mut self, wall: Timestamp) -> io::Result<()> {
        let state = match &self.active {
            Some(active) => Some((active.file.metadata()?, active.since)),
            None => None,
        };
        match state {
            Some((metadata, since)) if !is_gone(&metadata) => {
                let full = metadata.len() >= self.max_bytes;
                let old = metadata.len() > 0 && wall.since(since) >= self.max_age;
                if full || old { self.rotate(wall) } else { Ok(()) }
            }
            _ => {
                self.active = None;
                self.open_newest(wall)
            }
        }
    }

    fn open_newest(&mut self, wall: Timestamp) -> io::Result<()> {
        let through = self.folder.roll_up().unwrap_or_default().through;
        let newest = self.folder.numbers(through)?.last().copied();
        self.open(newest.unwrap_or(through + 1), wall)?;
        // It may be full already.
        let Some(active) = &self.active else { return Ok(()) };
        let full = active.file.metadata()?.len() >= self.max_bytes;
        if full { self.rotate(wall) } else { Ok(()) }
    }

    fn open(&mut self, number: u64, wall: Timestamp) -> io::Result<()> {
        let file = self.folder.open_to_append(number)?;
        let torn = ends_within_a_line(&self.folder, number)?;
        let since = self.folder.first_timestamp(number)?.unwrap_or(wall);
        self.active = Some(Active { file, number, since, torn });
        Ok(())
    }

    /// Goes on to the next file: the one that another process began, or a new one.
    fn rotate(&mut self, wall: Timestamp) -> io::Result<()> {
        let Some(current) = self.active.as_ref().map(|active| active.number) else { return Ok(()) };
        // Somebody else is at it: this file takes one more write.
        let Some(_lock) = self.folder.try_lock()? else { return Ok(()) };
        let newest = self.folder.numbers(0)?.last().copied().unwrap_or(current);
        self.rotated = true;
        if newest > current {
            self.open(newest, wall)?;
            let Some(active) = &self.active else { return Ok(()) };
            if active.file.metadata()?.len() < self.max_bytes {
                return Ok(());
            }
        }
        self.open(newest + 1, wall)
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

fn ends_within_a_line(folder: &Folder, number: u64) -> io::Result<bool> {
    let Some(mut file) = folder.open_to_read(number)? else { return Ok(false) };
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

/// An open file cannot be removed on other systems.
#[cfg(not(unix))]
fn is_gone(_: &Metadata) -> bool {
    false
}

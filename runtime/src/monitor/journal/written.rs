//! The files of a journal as they are written: every line once, in order, from any position on.

use super::{
    error::JournalError, line, query::Cursor, reader::JournalReader, removed_counts::RemovedCounts,
    reverse_lines::read_line, segments::Folder,
};
use crate::event::Record;
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Take},
};

/// What a journal consists of at one moment: its files, and what retention removed before; see
/// [`JournalReader::written`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// Files up to this number were removed by retention, or are about to be.
    pub removed_through: u64,
    /// How many lines those files had, without empty ones, since the folder was made or its
    /// `rollup.json` was last put aside. A file that could not be read when it was removed has none.
    pub removed_lines: u64,
    /// The files that are kept, oldest first.
    pub files: Vec<WrittenFile>,
}

/// A file of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrittenFile {
    /// Its number; files are begun in the order of their numbers.
    pub number: u64,
    /// How many bytes it has.
    pub length: u64,
}

/// The lines of one file of a journal; see [`JournalReader::lines`].
#[derive(Debug)]
pub struct Lines {
    number: u64,
    at: u64,
    /// Absent if the file was removed meanwhile.
    reader: Option<BufReader<Take<File>>>,
    line: Vec<u8>,
}

/// A line of a journal.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Line {
    /// The position behind it.
    pub end: Cursor,
    /// The record; `None` if the line holds none.
    ///
    /// Two records with one identity and kind can be one; see [`Journal`](super::Journal). Here both
    /// are returned.
    pub record: Option<Record>,
}

/// How often the files are listed again because some were removed meanwhile.
const MAX_LISTINGS: usize = 64;

impl JournalReader {
    /// Returns the files of the journal and what was removed before, for a program that copies every
    /// record once and counts those that retention removed first.
    ///
    /// A process can go on appending to a file after a later one was begun, for as long as it has not
    /// found the file full. The lengths are read newest file first: of two lines of one process, no
    /// file has the later one within these lengths without the earlier one.
    ///
    /// # Errors
    ///
    /// The folder, or the counts of removed files, cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
    /// use gardefou::monitor::journal::{Cursor, FileJournal, JournalConfig, JournalReader};
    /// use std::sync::Arc;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("gardefou-written-{}", std::process::id()));
    /// let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// monitor.set_journal(Arc::new(FileJournal::open(JournalConfig::builder(&folder).build()?)));
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "first"));
    ///
    /// let reader = JournalReader::open(&folder)?;
    /// let written = reader.written()?;
    /// assert_eq!((written.removed_through, written.removed_lines, written.files.len()), (0, 0, 1));
    /// let file = written.files[0];
    /// let line = reader.lines(Cursor::new(file.number, 0), file.length)?.next().unwrap()?;
    /// assert_eq!(line.record.unwrap().message, "first");
    /// assert_eq!(line.end, Cursor::new(file.number, file.length));
    /// # drop(monitor);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn written(&self) -> Result<Written, JournalError> {
        self.try_written()
            .map_err(JournalError::io("list the files of the folder"))
    }

    fn try_written(&self) -> io::Result<Written> {
        let folder = self.files();
        let mut removed = RemovedCounts::read_or_none(folder.path())?;
        for _ in 0..MAX_LISTINGS {
            let mut files = Vec::new();
            for number in folder.numbers(removed.through)?.into_iter().rev() {
                let length = folder.size(number)?;
                files.push(WrittenFile { number, length });
            }
            files.reverse();
            // Counts are written before their files are removed: with the same counts as before, no
            // file is missing that is not counted.
            let after = RemovedCounts::read_or_none(folder.path())?;
            if (after.through, after.lines) == (removed.through, removed.lines) {
                return Ok(Written {
                    removed_through: removed.through,
                    removed_lines: removed.lines,
                    files,
                });
            }
            removed = after;
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// Returns the lines of a file from a position on, which is 0 or the end of a line, up to a
    /// length. Empty lines are left out, and so are bytes without a newline behind them. A file that
    /// was removed meanwhile has no lines.
    ///
    /// # Errors
    ///
    /// The file cannot be opened.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::monitor::journal::{Cursor, JournalReader};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("gardefou-lines-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// std::fs::write(folder.join("errors-00000001.jsonl"), "torn\n\nanother\nbeing writ")?;
    /// let reader = JournalReader::open(&folder)?;
    /// let ends: Result<Vec<_>, _> = reader.lines(Cursor::new(1, 0), u64::MAX)?.map(|line| {
    ///     line.map(|line| (line.end.position(), line.record.is_some()))
    /// }).collect();
    /// assert_eq!(ends?, [(5, false), (14, false)]);
    /// let from = Cursor::new(1, 5);
    /// assert_eq!(reader.lines(from, 14)?.count(), 1);
    /// assert_eq!(reader.lines(Cursor::new(2, 0), 14)?.count(), 0);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn lines(&self, from: Cursor, length: u64) -> Result<Lines, JournalError> {
        Lines::open(self.files(), from, length).map_err(JournalError::io("open a file"))
    }
}

impl Lines {
    fn open(folder: &Folder, from: Cursor, length: u64) -> io::Result<Self> {
        let reader = match folder.open_to_read(from.part())? {
            None => None,
            Some(mut file) => {
                file.seek(SeekFrom::Start(from.position()))?;
                let rest = file.take(length.saturating_sub(from.position()));
                Some(BufReader::with_capacity(64 * 1024, rest))
            }
        };
        Ok(Self {
            number: from.part(),
            at: from.position(),
            reader,
            line: Vec::new(),
        })
    }
}

impl Iterator for Lines {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut()?;
        loop {
            match read_line(reader, &mut self.line) {
                Err(err) => {
                    self.reader = None;
                    return Some(Err(err));
                }
                Ok(None) => {
                    self.reader = None;
                    return None;
                }
                Ok(Some(read)) => self.at += read,
            }
            if !self.line.is_empty() {
                let record = line::decode(&self.line).ok().map(|found| found.record);
                let end = Cursor::new(self.number, self.at);
                return Some(Ok(Line { end, record }));
            }
        }
    }
}

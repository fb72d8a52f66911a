//! The lines that are appended to a folder, as they come.

use super::{
    file_identity::FileIdentity,
    line,
    query::Query,
    read_error::ReadError,
    reverse_lines::{ReverseLines, read_line},
    segments::Folder,
    settling::Unsettled,
};
use crate::{event::Record, time::Timestamp};
use std::{
    collections::{BTreeMap, VecDeque},
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Take},
};

/// The records that are appended to a journal, as they come; see
/// [`JournalReader::follow`](super::JournalReader::follow).
///
/// It survives the rotation and the removal of files, and a folder that is deleted and made again.
/// Its memory is bounded: a buffer, a position for each file, and what
/// [`Unsettled`](super::support::Unsettled) holds.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
/// use gardefou::{monitor::journal::{FileJournal, JournalConfig, JournalReader, Query}, time::Timestamp};
/// use std::{sync::Arc, time::SystemTime};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("gardefou-tail-{}", std::process::id()));
/// let monitor = ErrorMonitor::new(MonitorConfig::default());
/// monitor.set_journal(Arc::new(FileJournal::open(JournalConfig::builder(&folder).build()?)));
/// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "before"));
///
/// let mut tail = JournalReader::open(&folder)?.follow(&Query::new())?;
/// let now = Timestamp::from(SystemTime::now());
/// assert!(tail.next_at(now).is_none(), "nothing new");
/// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "after"));
/// assert_eq!(tail.next_at(now).unwrap()?.message, "after");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Tail {
    folder: Folder,
    query: Query,
    files: BTreeMap<u64, Followed>,
    /// The files that this round has not looked at yet.
    round: VecDeque<u64>,
    open: Option<(u64, BufReader<Take<File>>)>,
    line: Vec<u8>,
    unsettled: Unsettled,
    /// The record that follows the remains of a torn line, which is reported first.
    next: Option<Record>,
}

/// A file, and how far it was read.
#[derive(Debug)]
struct Followed {
    identity: FileIdentity,
    position: u64,
    /// Whether it was reported that the file cannot be read.
    is_reported: bool,
}

impl Tail {
    /// Starts behind the last whole line of each file.
    pub(super) fn new(folder: Folder, query: Query) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for number in folder.numbers(0)? {
            let Some(identity) = FileIdentity::at(&folder.path_of(number)) else {
                continue;
            };
            // A file that cannot be read now is read from its start later.
            let position = end_of_lines(&folder, number).unwrap_or(0);
            let followed = Followed {
                identity,
                position,
                is_reported: false,
            };
            files.insert(number, followed);
        }
        Ok(Self {
            folder,
            query,
            files,
            round: VecDeque::new(),
            open: None,
            line: Vec::new(),
            unsettled: Unsettled::default(),
            next: None,
        })
    }

    /// Returns the next record, the next error, or `None` where there is nothing new at present:
    /// later calls go on. `now` is the time by which errors inside attempts stand that no process
    /// settled.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}, time::Timestamp};
    /// # use gardefou::monitor::journal::{FileJournal, JournalConfig, JournalReader, Query};
    /// # use std::{sync::Arc, time::SystemTime};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("gardefou-next-{}", std::process::id()));
    /// # let monitor = ErrorMonitor::new(MonitorConfig::default());
    /// # monitor.set_journal(Arc::new(FileJournal::open(JournalConfig::builder(&folder).build()?)));
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "before"));
    /// let mut tail = JournalReader::open(&folder)?.follow(&Query::new())?;
    /// let now = Timestamp::from(SystemTime::now());
    /// assert!(tail.next_at(now).is_none());
    /// monitor.record(&AppError::new(ErrorCode::SYNC_ERROR, "after"));
    /// assert_eq!(tail.next_at(now).expect("a new record")?.message, "after");
    /// assert!(tail.next_at(now).is_none());
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn next_at(&mut self, now: Timestamp) -> Option<Result<Record, ReadError>> {
        let mut is_new_round = self.open.is_none() && self.round.is_empty();
        loop {
            if let Some(record) = self.next.take()
                && let Some(record) = self.unsettled.add(&self.query, record)
            {
                return Some(Ok(record));
            }
            if let Some((number, reader)) = &mut self.open {
                let number = *number;
                match read_line(reader, &mut self.line) {
                    Ok(Some(read)) => {
                        if let Some(err) = self.take_line(number, read) {
                            return Some(Err(err));
                        }
                    }
                    Ok(None) => self.open = None,
                    Err(err) => return Some(Err(self.failed(number, err))),
                }
            } else if let Some(number) = self.round.pop_front() {
                match self.open(number) {
                    Ok(reader) => self.open = reader.map(|reader| (number, reader)),
                    Err(err) if self.is_first_failure(number) => {
                        return Some(Err(self.failed(number, err)));
                    }
                    Err(_) => {}
                }
            } else if is_new_round {
                is_new_round = false;
                // A folder that cannot be listed now is listed in the next round.
                let numbers = self.folder.numbers(0).unwrap_or_default();
                self.files.retain(|number, _| numbers.contains(number));
                self.round = numbers.into();
            } else {
                return self.unsettled.expired_at(&self.query, now).map(Ok);
            }
        }
    }

    /// Takes the record of the line that was read, and returns the error for what is torn in it.
    fn take_line(&mut self, number: u64, read: u64) -> Option<ReadError> {
        let at = self.files.get_mut(&number).map_or(0, |file| {
            let at = file.position;
            file.position += read;
            at
        });
        if self.line.is_empty() {
            return None;
        }
        let decoded = line::decode(&self.line);
        let is_whole = decoded.as_ref().is_ok_and(|found| !found.after_torn);
        self.next = decoded.ok().map(|found| found.record);
        (!is_whole).then(|| ReadError::torn(self.folder.path_of(number), at))
    }

    /// Opens a file at the first line that was not read yet; `None` if there is none.
    fn open(&mut self, number: u64) -> io::Result<Option<BufReader<Take<File>>>> {
        let Some(identity) = FileIdentity::at(&self.folder.path_of(number)) else {
            return Ok(None);
        };
        let new = || Followed {
            identity,
            position: 0,
            is_reported: false,
        };
        let followed = self.files.entry(number).or_insert_with(new);
        if followed.identity != identity {
            // Another file took the name of a moved or deleted one.
            *followed = new();
        }
        let position = followed.position;
        let Some(mut file) = self.folder.open_to_read(number)? else {
            return Ok(None);
        };
        let length = file.metadata()?.len().saturating_sub(position);
        if length == 0 {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(position))?;
        let reader = BufReader::with_capacity(64 * 1024, file.take(length));
        Ok(Some(reader))
    }

    fn is_first_failure(&mut self, number: u64) -> bool {
        let file = self.files.get_mut(&number);
        file.is_none_or(|file| !std::mem::replace(&mut file.is_reported, true))
    }

    fn failed(&mut self, number: u64, err: io::Error) -> ReadError {
        self.open = None;
        ReadError::io(self.folder.path_of(number), err)
    }
}

/// Returns the position behind the last newline of a file.
fn end_of_lines(folder: &Folder, number: u64) -> io::Result<u64> {
    let Some(mut file) = folder.open_to_read(number)? else {
        return Ok(0);
    };
    let end = file.metadata()?.len();
    let mut last = [b'\n'];
    if end > 0 {
        file.seek(SeekFrom::Start(end - 1))?;
        file.read_exact(&mut last)?;
    }
    if last == *b"\n" {
        return Ok(end);
    }
    // A line that is being written.
    let line = ReverseLines::new(file, end).next_line()?;
    Ok(line.map_or(end, |(at, _)| at))
}

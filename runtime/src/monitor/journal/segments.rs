//! The files of a journal: numbered, append-only, never renamed.

use super::{
    line,
    reverse_lines::{MAX_LINE, ReverseLines, read_line},
};
use crate::{event::Record, time::Timestamp};
use std::{
    fs::{self, File, FileType, Metadata, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    thread,
};

/// The folder of a journal.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

const PREFIX: &str = "errors-";
const SUFFIX: &str = ".jsonl";
/// No journal gets that far: a file with a larger number is not ours, and one more can always be
/// added.
pub(super) const MAX_NUMBER: u64 = 999_999_999_999;
/// How many numbers in a row may be taken by something that is no file of the journal.
const MAX_BLOCKED: usize = 1000;
/// How often the lock of a sealed file is tried while its writers finish an append.
const TRIES_TO_RETIRE: usize = 1000;

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn path_of(&self, number: u64) -> PathBuf {
        self.0.join(name_of(number))
    }

    /// Returns the numbers of all files after `through`, in order. An entry with a name of another
    /// form, or that is no file, does not belong to the journal.
    pub(super) fn numbers(&self, through: u64) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.0) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Some(number) = entry.file_name().to_str().and_then(number_of) else {
                continue;
            };
            if number > through && self.is_ours(number, entry.file_type().ok()) {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Returns `true` if lines can be kept under this number. A link is followed: it was made on
    /// purpose.
    fn is_ours(&self, number: u64, known: Option<FileType>) -> bool {
        let followed = || {
            fs::metadata(self.path_of(number))
                .map(|metadata| metadata.file_type())
                .ok()
        };
        let kind = known.filter(|kind| !kind.is_symlink()).or_else(followed);
        kind.is_some_and(|kind| kind.is_file() || is_device(kind))
    }

    /// Opens an existing file for appending; `None` if it takes no more lines.
    pub(super) fn open_to_append(&self, number: u64) -> io::Result<Option<File>> {
        match OpenOptions::new()
            .read(true)
            .append(true)
            .open(self.path_of(number))
        {
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(err) if err.kind() == io::ErrorKind::PermissionDenied && self.is_sealed(number) => {
                Ok(None)
            }
            opened => opened.map(Some),
        }
    }

    /// Opens the file of the first free number after `number`, and returns the number. Makes the
    /// folder if there is none. Another process may have made the file just now.
    pub(super) fn open_after(&self, number: u64) -> io::Result<(u64, File)> {
        let mut options = for_owner_alone();
        options.read(true).append(true).create(true);
        let is_free = |number: &u64| {
            self.is_ours(*number, None) || fs::symlink_metadata(self.path_of(*number)).is_err()
        };
        let mut behind = (number.min(MAX_NUMBER - 1) + 1..=MAX_NUMBER).take(MAX_BLOCKED);
        let next = behind.find(is_free).ok_or(io::ErrorKind::AlreadyExists)?;
        let path = self.path_of(next);
        let file = match options.open(&path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&self.0)?;
                options.open(&path)?
            }
            opened => opened?,
        };
        Ok((next, file))
    }

    pub(super) fn open_to_read(&self, number: u64) -> io::Result<Option<File>> {
        match File::open(self.path_of(number)) {
            // Removed meanwhile.
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Keeps the numbers of files that can be opened, and passes the others to `skipped`.
    pub(super) fn readable(
        &self,
        mut numbers: Vec<u64>,
        skipped: impl Fn(&Path, &io::Error),
    ) -> Vec<u64> {
        numbers.retain(|number| match self.open_to_read(*number) {
            Ok(_) => true,
            Err(err) => {
                skipped(&self.path_of(*number), &err);
                false
            }
        });
        numbers
    }

    /// Returns when a file was last modified, according to the file system.
    pub(super) fn modified(&self, number: u64) -> io::Result<Timestamp> {
        fs::metadata(self.path_of(number))?
            .modified()
            .map(Timestamp::from)
    }

    /// Returns the size of a file; 0 if it was removed meanwhile.
    pub(super) fn size(&self, number: u64) -> io::Result<u64> {
        match fs::metadata(self.path_of(number)) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(0),
            metadata => metadata.map(|metadata| metadata.len()),
        }
    }

    /// Takes the lock for removing files, unless another process holds it. It ends with the handle,
    /// and so with the process.
    pub(super) fn try_lock(&self) -> io::Result<Option<File>> {
        let path = self.0.join("journal.lock");
        let lock = match OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
        {
            // Made by another user.
            Err(err) if err.kind() == io::ErrorKind::PermissionDenied => File::open(&path)?,
            opened => opened?,
        };
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(err)) => Err(err),
        }
    }

    /// Returns the file whose lock is held shared while a line is appended, and exclusively while
    /// the file is counted and removed: `None` for the file itself where locks are advisory, or a
    /// file beside it.
    pub(super) fn gate_of(&self, number: u64) -> io::Result<Option<File>> {
        if cfg!(unix) {
            return Ok(None);
        }
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.gate_path(number))
            .map(Some)
    }

    fn gate_path(&self, number: u64) -> PathBuf {
        self.path_of(number).with_extension("lock")
    }

    /// Closes a file for good: no line is appended while the returned handle is held, nor after it.
    /// `None` if the file was removed, or a writer did not leave it.
    pub(super) fn retire(&self, number: u64) -> io::Result<Option<File>> {
        let file = match OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.path_of(number))
        {
            Err(err) if err.kind() == io::ErrorKind::PermissionDenied => {
                File::open(self.path_of(number))
            }
            opened => opened,
        };
        let file = match file {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        // Writers leave with the next append that sees this, also after the end of this process.
        // Where it cannot be set, they leave when they find the file locked, and later removed.
        let _ = seal(&file);
        let gate = self.gate_of(number)?.unwrap_or(file);
        for _ in 0..TRIES_TO_RETIRE {
            match gate.try_lock() {
                Ok(()) => return Ok(Some(gate)),
                Err(TryLockError::WouldBlock) => thread::yield_now(),
                Err(TryLockError::Error(err)) => return Err(err),
            }
        }
        Ok(None)
    }

    fn is_sealed(&self, number: u64) -> bool {
        fs::metadata(self.path_of(number)).is_ok_and(|metadata| is_sealed(&metadata))
    }

    pub(super) fn remove(&self, number: u64) -> io::Result<()> {
        let gone = |removed: io::Result<()>| match removed {
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        gone(fs::remove_file(self.path_of(number)))?;
        if cfg!(unix) {
            Ok(())
        } else {
            gone(fs::remove_file(self.gate_path(number)))
        }
    }

    /// Passes the lines of a file from a byte on to `each`, with the position of their first byte;
    /// returns where it stopped, which is after a newline.
    pub(super) fn lines_from(
        &self,
        number: u64,
        from: u64,
        mut each: impl FnMut(u64, &[u8]),
    ) -> io::Result<u64> {
        let Some(mut file) = self.open_to_read(number)? else {
            return Ok(from);
        };
        // A file without a length, for example a device, has no lines either.
        let length = file.metadata()?.len().saturating_sub(from);
        file.seek(SeekFrom::Start(from))?;
        let mut reader = BufReader::with_capacity(64 * 1024, file.take(length));
        let (mut position, mut line) = (from, Vec::new());
        loop {
            let Some(read) = read_line(&mut reader, &mut line)? else {
                return Ok(position);
            };
            each(position, &line);
            position += read;
        }
    }

    /// Reads the record that begins at a byte; `None` if it is no longer there.
    pub(super) fn record_at(&self, number: u64, at: u64) -> io::Result<Option<Record>> {
        let Some(mut file) = self.open_to_read(number)? else {
            return Ok(None);
        };
        file.seek(SeekFrom::Start(at))?;
        let mut line = Vec::new();
        BufReader::new(file)
            .take(MAX_LINE as u64)
            .read_until(b'\n', &mut line)?;
        Ok(line::decode(line.trim_ascii_end())
            .ok()
            .map(|found| found.record))
    }

    /// Returns when the first record of a file was made.
    pub(super) fn first_timestamp(&self, number: u64) -> io::Result<Option<Timestamp>> {
        let Some(file) = self.open_to_read(number)? else {
            return Ok(None);
        };
        let mut line = Vec::new();
        BufReader::new(file)
            .take(64 * 1024)
            .read_until(b'\n', &mut line)?;
        Ok(timestamp_of(line.trim_ascii_end()))
    }

    /// Returns when the last record of a file was made.
    pub(super) fn last_timestamp(&self, number: u64) -> io::Result<Option<Timestamp>> {
        let Some(file) = self.open_to_read(number)? else {
            return Ok(None);
        };
        let end = file.metadata()?.len();
        let mut lines = ReverseLines::new(file, end);
        while let Some((_, line)) = lines.next_line()? {
            if let Some(timestamp) = timestamp_of(&line) {
                return Ok(Some(timestamp));
            }
        }
        Ok(None)
    }
}

/// Returns options for a new file that other users cannot read, as records may hold private data.
pub(super) fn for_owner_alone() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn timestamp_of(line: &[u8]) -> Option<Timestamp> {
    line::decode(line).ok().map(|found| found.record.timestamp)
}

fn name_of(number: u64) -> String {
    format!("{PREFIX}{number:08}{SUFFIX}")
}

/// Returns the number in a name of exactly the form that `name_of` makes.
fn number_of(name: &str) -> Option<u64> {
    let number = name
        .strip_prefix(PREFIX)?
        .strip_suffix(SUFFIX)?
        .parse()
        .ok()?;
    (number <= MAX_NUMBER && name == name_of(number)).then_some(number)
}

/// Marks a file as one that takes no more lines, for every process that has it open.
#[cfg(unix)]
fn seal(file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(());
    }
    let mut permissions = metadata.permissions();
    permissions.set_readonly(true);
    file.set_permissions(permissions)
}

/// On other systems, a file that cannot be written cannot be removed either.
#[cfg(not(unix))]
fn seal(_: &File) -> io::Result<()> {
    Ok(())
}

/// Returns `true` if a file takes no more lines.
pub(super) fn is_sealed(metadata: &Metadata) -> bool {
    metadata.is_file() && metadata.permissions().readonly()
}

#[cfg(unix)]
fn is_device(kind: FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_char_device(&kind)
}

#[cfg(not(unix))]
fn is_device(_: FileType) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_journal_have_a_number() {
        for number in [0, 1, 99_999_999, 100_000_000, MAX_NUMBER] {
            assert_eq!(number_of(&name_of(number)), Some(number));
        }
        let odd = [
            "errors-+5.jsonl",
            "errors-5.jsonl",
            "errors-000000001.jsonl",
            "errors-.jsonl",
            "errors-1e8.jsonl",
        ];
        for name in odd.into_iter().chain([
            "errors-18446744073709551615.jsonl",
            "errors-1000000000000.jsonl",
        ]) {
            assert_eq!(number_of(name), None, "{name}");
        }
    }
}

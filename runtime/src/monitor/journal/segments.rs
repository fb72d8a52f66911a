//! The files of a journal: numbered, append-only, never renamed.

use super::{backwards::Backwards, counts::DayCounts, line};
use crate::{monitor::RecordKind, time::Timestamp};
use serde_json::{Value, json};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// The folder of a journal.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

/// What is kept of files that are gone.
#[derive(Clone, Debug, Default)]
pub(super) struct RollUp {
    /// Files up to this number are gone, or about to go: their counts are in here.
    pub(super) through: u64,
    pub(super) days: DayCounts,
}

const PREFIX: &str = "errors-";
const SUFFIX: &str = ".jsonl";

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path_of(&self, number: u64) -> PathBuf {
        self.0.join(format!("{PREFIX}{number:08}{SUFFIX}"))
    }

    /// The numbers of all files that are counted by themselves, in order.
    pub(super) fn numbers(&self, through: u64) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.0) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let digits = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
            let number: Option<u64> = digits.and_then(|digits| digits.parse().ok());
            numbers.extend(number.filter(|number| *number > through));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Opens a file for appending, the folder too if it is not there.
    pub(super) fn open_to_append(&self, number: u64) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        // What failed, and with which data, is nobody else's business.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let path = self.path_of(number);
        match options.open(&path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&self.0)?;
                options.open(&path)
            }
            opened => opened,
        }
    }

    pub(super) fn open_to_read(&self, number: u64) -> io::Result<Option<File>> {
        match File::open(self.path_of(number)) {
            // Retention was quicker.
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Takes the lock that guards changes of the set of files, unless another holds it. It ends with the file's handle,
    /// so also with the process.
    pub(super) fn try_lock(&self) -> io::Result<Option<File>> {
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(self.0.join("journal.lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(err)) => Err(err),
        }
    }

    pub(super) fn roll_up(&self) -> io::Result<RollUp> {
        let text = match fs::read_to_string(self.0.join("rollup.json")) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(RollUp::default()),
            text => text?,
        };
        let json: Value = serde_json::from_str(&text)?;
        let days = json["days"].as_object().map(DayCounts::of_json).unwrap_or_default();
        Ok(RollUp { through: json["through"].as_u64().unwrap_or_default(), days })
    }

    /// Replaces the roll-up as a whole: a reader sees the old one or the new one.
    pub(super) fn write_roll_up(&self, roll_up: &RollUp) -> io::Result<()> {
        let (path, new) = (self.0.join("rollup.json"), self.0.join("rollup.json.new"));
        let json = json!({ "v": 1, "through": roll_up.through, "days": roll_up.days.to_json() });
        let mut file = File::create(&new)?;
        file.write_all(json.to_string().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path)
    }

    /// Counts the records of a file from a byte on; tells where it stopped, which is behind a newline.
    pub(super) fn count_from(&self, number: u64, from: u64, into: &mut DayCounts) -> io::Result<u64> {
        let Some(mut file) = self.open_to_read(number)? else { return Ok(from) };
        file.seek(SeekFrom::Start(from))?;
        let (mut reader, mut position, mut line) = (BufReader::with_capacity(64 * 1024, file), from, Vec::new());
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)?;
            if read == 0 || line.pop() != Some(b'\n') {
                return Ok(position);
            }
            position += read as u64;
            if let Some((timestamp, code)) = std::str::from_utf8(&line).ok().and_then(line::head) {
                into.add(timestamp, code);
            } else if let Ok(found) = line::decode(&line)
                && found.record.kind == RecordKind::Error
            {
                into.add(found.record.timestamp, &found.record.error_code);
            }
        }
    }

    /// When the first record of a file was written.
    pub(super) fn first_timestamp(&self, number: u64) -> io::Result<Option<Timestamp>> {
        let Some(file) = self.open_to_read(number)? else { return Ok(None) };
        let mut line = Vec::new();
        io::Read::take(BufReader::new(file), 64 * 1024).read_until(b'\n', &mut line)?;
        Ok(timestamp_of(line.trim_ascii_end()))
    }

    /// When the last record of a file was written.
    pub(super) fn last_timestamp(&self, number: u64) -> io::Result<Option<Timestamp>> {
        let Some(file) = self.open_to_read(number)? else { return Ok(None) };
        let end = file.metadata()?.len();
        let mut lines = Backwards::new(file, end);
        while let Some((_, line)) = lines.next_line()? {
            if let Some(timestamp) = timestamp_of(&line) {
                return Ok(Some(timestamp));
            }
        }
        Ok(None)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

fn timestamp_of(line: &[u8]) -> Option<Timestamp> {
    line::decode(line).ok().map(|found| found.record.timestamp)
}

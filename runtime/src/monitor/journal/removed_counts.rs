//! Counts of removed files.

use super::{
    daily_counts::DailyCounts,
    segments::MAX_NUMBER,
    tally::{OpenErrors, PendingError, Tally},
};
use crate::{error::details, time::Timestamp};
use serde_json::{Map, Value, json};
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// The counts of removed files, in `rollup.json`.
#[derive(Clone, Debug, Default)]
pub(super) struct RemovedCounts {
    /// Files up to this number are removed, or about to be: their counts are in here.
    pub(super) through: u64,
    /// How many lines those files had; see [`Tally::lines`].
    pub(super) lines: u64,
    pub(super) days: DailyCounts,
    /// Errors inside attempts, in removed files, which a later file may settle; not in `days`.
    pub(super) open: OpenErrors,
}

/// An error is settled within a minute. A full disk may delay the line.
const SETTLED_WITHIN: Duration = Duration::from_secs(3600);
/// How many errors may be open at a time, about 6 MiB of the file; the oldest beyond that count as
/// errors.
const MAX_OPEN: usize = 65_536;
/// Several times the size of a full file.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
const NAME: &str = "rollup.json";

impl RemovedCounts {
    /// Reads the counts of a folder, which are empty where no file was removed so far.
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let file = match File::open(folder.join(NAME)) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(err) => return Err(io::Error::new(err.kind(), format!("{NAME}: {err}"))),
            Ok(file) => file,
        };
        let mut text = String::new();
        if file.take(MAX_BYTES + 1).read_to_string(&mut text)? as u64 > MAX_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is larger than the largest that is written",
            ));
        }
        let json: Value = serde_json::from_str(&text)?;
        let through = json["through"]
            .as_u64()
            .filter(|number| *number <= MAX_NUMBER);
        let lines = json["lines"].as_u64().unwrap_or(0);
        let days = json["days"].as_object().map(DailyCounts::from_json);
        let open = json["open"]
            .as_object()
            .map(open_from_json)
            .unwrap_or_default();
        match through.zip(days) {
            Some((through, days)) => Ok(Self {
                through,
                lines,
                days,
                open,
            }),
            None => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it lacks `through` or `days`",
            )),
        }
    }

    /// Reads the counts, which are taken as empty where the file is damaged, until it is put aside,
    /// and where another user denies access to it.
    pub(super) fn read_or_none(folder: &Path) -> io::Result<Self> {
        match Self::read(folder) {
            Err(err) if is_damaged(&err) || err.kind() == io::ErrorKind::PermissionDenied => {
                Ok(Self::default())
            }
            read => read,
        }
    }

    /// Adds the counts of a file that is removed, the next one after those that are in here.
    pub(super) fn add(&mut self, number: u64, tally: &Tally) {
        self.through = number;
        self.lines += tally.lines;
        self.days.merge(&tally.days);
        tally.update_open(&mut self.open);
        let Self { days, open, .. } = self;
        open.retain(|_, pending| {
            // By the time of the lines: the file that settles it may stay for long, and be removed
            // next.
            let is_open = tally
                .latest
                .is_none_or(|latest| latest.since(pending.timestamp) < SETTLED_WITHIN);
            if !is_open {
                days.add(pending.timestamp, &pending.code);
            }
            is_open
        });
        // Identities sort by time.
        while open.len() > MAX_OPEN
            && let Some((_, pending)) = open.pop_first()
        {
            days.add(pending.timestamp, &pending.code);
        }
    }

    /// Replaces the file as a whole: a reader sees the old one or the new one.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let (path, new) = (folder.join(NAME), folder.join("rollup.json.new"));
        let mut json = json!({
            "v": 1,
            "through": self.through,
            "lines": self.lines,
            "days": self.days.to_json(),
        });
        if !self.open.is_empty() {
            json["open"] = open_to_json(&self.open);
        }
        let mut file = match File::create(&new) {
            // Left behind by a process of another user that was killed.
            Err(err) if err.kind() == io::ErrorKind::PermissionDenied => {
                fs::remove_file(&new)?;
                File::create(&new)?
            }
            created => created?,
        };
        file.write_all(json.to_string().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path)
    }

    /// Renames a damaged file, so that it can be repaired by hand; returns the new path.
    pub(super) fn put_aside(folder: &Path, wall: Timestamp) -> io::Result<PathBuf> {
        let aside = folder.join(format!("{NAME}.damaged-{}", wall.as_unix_millis()));
        fs::rename(folder.join(NAME), &aside)?;
        Ok(aside)
    }
}

fn open_to_json(open: &OpenErrors) -> Value {
    let entry = |pending: &PendingError| json!([pending.timestamp.as_unix_millis(), pending.code]);
    let mut entries = open
        .iter()
        .map(|(id, pending)| (id.to_string(), entry(pending)));
    details::object_from(&mut entries).into()
}

/// Reads the form that `open_to_json` writes, and leaves out anything else.
fn open_from_json(json: &Map<String, Value>) -> OpenErrors {
    let entry = |(id, pending): (&String, &Value)| {
        let timestamp = Timestamp::from_unix_millis(pending[0].as_i64()?);
        Some((
            id.parse().ok()?,
            PendingError {
                timestamp,
                code: pending[1].as_str()?.to_owned(),
            },
        ))
    };
    json.iter().filter_map(entry).collect()
}

/// Returns `true` if the file is damaged, as opposed to one that cannot be read now.
pub(super) fn is_damaged(err: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, IsADirectory, UnexpectedEof};
    matches!(err.kind(), InvalidData | IsADirectory | UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use super::super::tally::OpenEnd;
    use super::*;
    use crate::error::ErrorId;

    fn tally(errors: usize, millis: i64) -> Tally {
        let timestamp = Timestamp::from_unix_millis(millis);
        let pending = PendingError {
            timestamp,
            code: "SYNC_ERROR".into(),
        };
        let ends = (0..errors)
            .map(|_| {
                (
                    ErrorId::new(),
                    OpenEnd {
                        at: 0,
                        pending: Some(pending.clone()),
                    },
                )
            })
            .collect();
        Tally {
            ends,
            latest: Some(timestamp),
            ..Tally::default()
        }
    }

    #[test]
    fn file_beyond_the_largest_size_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create(folder.path().join(NAME)).unwrap();
        file.set_len(1 << 40).unwrap();
        assert!(is_damaged(&RemovedCounts::read(folder.path()).unwrap_err()));
    }

    #[test]
    fn open_errors_read_back_and_count_as_errors_beyond_their_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let mut counts = RemovedCounts::default();
        counts.add(1, &tally(MAX_OPEN + 100, 1_700_000_000_000));
        assert_eq!(
            (counts.open.len(), counts.days.summed().total),
            (MAX_OPEN, 100)
        );
        counts.write(folder.path()).unwrap();
        let read = RemovedCounts::read(folder.path()).unwrap();
        assert_eq!(
            (read.through, &read.open, &read.days),
            (1, &counts.open, &counts.days)
        );
        counts.add(2, &tally(7, 1_700_003_600_000));
        assert_eq!(
            (counts.open.len(), counts.days.summed().total),
            (7, MAX_OPEN as u64 + 100),
            "an hour later"
        );
    }
}

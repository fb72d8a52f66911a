//! What is kept of files that are gone.

use super::counts::DayCounts;
use crate::time::Timestamp;
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The counts of files that are gone, in `rollup.json`.
#[derive(Clone, Debug, Default)]
pub(super) struct RollUp {
    /// Files up to this number are gone, or about to go: their counts are in here.
    pub(super) through: u64,
    pub(super) days: DayCounts,
}

const NAME: &str = "rollup.json";

impl RollUp {
    /// Reads the roll-up of a folder; there is an empty one where no file was removed so far.
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let text = match fs::read_to_string(folder.join(NAME)) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text?,
        };
        let json: Value = serde_json::from_str(&text)?;
        let through = json["through"].as_u64().filter(|number| *number <= super::segments::MAX_NUMBER);
        let days = json["days"].as_object().map(DayCounts::of_json);
        match through.zip(days) {
            Some((through, days)) => Ok(Self { through, days }),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "it lacks `through` or `days`")),
        }
    }

    /// Reads the roll-up; one that is damaged counts for nothing, until it is put aside.
    pub(super) fn read_or_none(folder: &Path) -> io::Result<Self> {
        match Self::read(folder) {
            Err(err) if is_damaged(&err) => Ok(Self::default()),
            read => read,
        }
    }

    /// Replaces the roll-up as a whole: a reader sees the old one or the new one.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let (path, new) = (folder.join(NAME), folder.join("rollup.json.new"));
        let json = json!({ "v": 1, "through": self.through, "days": self.days.to_json() });
        let mut file = File::create(&new)?;
        file.write_all(json.to_string().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path)
    }

    /// Moves a damaged roll-up out of the way, for whoever wants to mend it; tells where it is now.
    pub(super) fn put_aside(folder: &Path, wall: Timestamp) -> io::Result<PathBuf> {
        let aside = folder.join(format!("{NAME}.damaged-{}", wall.as_unix_millis()));
        fs::rename(folder.join(NAME), &aside)?;
        Ok(aside)
    }
}

/// Tells a file that holds no roll-up from one that cannot be read now.
pub(super) fn is_damaged(err: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, IsADirectory, UnexpectedEof};
    matches!(err.kind(), InvalidData | IsADirectory | UnexpectedEof)
}

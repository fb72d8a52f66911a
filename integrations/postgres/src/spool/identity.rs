//! The identity of a spool, kept in its folder.

use super::position::Position;
use crate::{error::DatabaseError, values::Uuid};
use gardefou::{
    error::ErrorId,
    monitor::journal::{JournalReader, Written},
};
use serde_json::{Value, json};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// Which instance of the fleet a folder is, for good, and where shipping began.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Identity {
    pub(crate) instance: Uuid,
    /// What retention removed before is not shipped, and not lost either.
    pub(crate) start: Position,
}

const NAME: &str = "instance.json";

impl Identity {
    /// Reads the identity of a folder, or makes one.
    pub(super) fn read_or_make(
        folder: &Path,
        reader: &JournalReader,
    ) -> Result<Self, DatabaseError> {
        let path = folder.join(NAME);
        let named = |err: io::Error| DatabaseError::Spool(format!("{NAME}: {err}"));
        match fs::read_to_string(&path) {
            Ok(text) => parse(&text).ok_or_else(|| {
                DatabaseError::Spool(format!(
                    "{NAME} must hold `instance`, a UUID, and the numbers `through` and `lines`: remove it to ship the folder as a new instance"
                ))
            }),
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                let made = make(&reader.written()?);
                write(&path, &made).map_err(named)?;
                parse(&made.to_string())
                    .ok_or_else(|| DatabaseError::Spool(format!("{NAME} cannot be made")))
            }
            Err(err) => Err(named(err)),
        }
    }
}

fn make(written: &Written) -> Value {
    json!({
        "instance": ErrorId::new(),
        "through": written.removed_through,
        "lines": written.removed_lines,
    })
}

fn parse(text: &str) -> Option<Identity> {
    let json: Value = serde_json::from_str(text).ok()?;
    let instance: ErrorId = json["instance"].as_str()?.parse().ok()?;
    Some(Identity {
        instance: instance.into(),
        start: Position::starting(json["through"].as_u64()?, json["lines"].as_u64()?),
    })
}

/// Writes the file as a whole: after a crash there is none, or a complete one.
fn write(path: &Path, json: &Value) -> io::Result<()> {
    let new = path.with_extension("json.new");
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(json.to_string().as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

//! Records that are shipped together.

use super::position::{FilePosition, Position};
use crate::{
    error::DatabaseError,
    values::{Day, Uuid, clean_json},
};
use gardefou::{
    event::Record,
    monitor::journal::{Cursor, JournalReader},
};

/// The next records of a spool, and what is known once they are shipped.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) entries: Vec<Entry>,
    /// Lines that hold no record, or one that no journal has written.
    pub(crate) torn: u64,
    /// Lines that retention removed before they were read.
    pub(crate) lost: u64,
    /// The position behind the batch.
    pub(crate) after: Position,
    /// Everything that was written when the batch was read is in it.
    pub(crate) is_last: bool,
}

/// A record that is shipped.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) record: Record,
    pub(crate) json: String,
    pub(crate) id: Uuid,
    /// The day on which the identity was made.
    pub(crate) day: Day,
    /// The number of the line among all that were read of the spool.
    pub(crate) seq: i64,
}

/// How much a batch holds; one record at least.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) records: usize,
    pub(crate) bytes: usize,
}

pub(super) fn next(
    reader: &JournalReader,
    position: &Position,
    limits: Limits,
) -> Result<Batch, DatabaseError> {
    let written = reader.written()?;
    let mut after = position.clone();
    let mut batch = Batch {
        entries: Vec::new(),
        torn: 0,
        lost: after.settle(&written),
        after,
        is_last: true,
    };
    let mut bytes = 0;
    for file in &written.files {
        let mut at = resumed(reader, &batch.after, (file.number, file.length))?;
        let from = Cursor::new(file.number, at.at);
        for line in reader.lines(from, file.length)? {
            let line = line?;
            let size = usize::try_from(line.end.position() - at.at).unwrap_or(usize::MAX);
            let seen = batch.entries.len() + usize::try_from(batch.torn).unwrap_or(usize::MAX);
            if seen > 0 && (seen >= limits.records || bytes + size > limits.bytes) {
                batch.is_last = false;
                break;
            }
            bytes += size;
            at.at = line.end.position();
            at.lines += 1;
            batch.after.read += 1;
            match entry(line.record, batch.after.read) {
                Some(entry) => batch.entries.push(entry),
                None => batch.torn += 1,
            }
        }
        batch.after.files.insert(file.number, at);
        if !batch.is_last {
            break;
        }
    }
    Ok(batch)
}

impl Batch {
    /// Returns `true` if nothing is to be written to the database.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.torn == 0 && self.lost == 0
    }
}

/// Returns how far a file was read; nothing of a file that has the number of another one.
fn resumed(
    reader: &JournalReader,
    position: &Position,
    (number, length): (u64, u64),
) -> Result<FilePosition, DatabaseError> {
    let known = position.files.get(&number);
    let known = known.filter(|file| file.at <= length);
    let Some(first) = reader.lines(Cursor::new(number, 0), length)?.next() else {
        // Retention has removed it since it was listed, or nothing is in it so far.
        return Ok(known.cloned().unwrap_or_default());
    };
    let first = first?.record.map(|record| record.id.to_string());
    let first = first.unwrap_or_default();
    let known = known.filter(|file| file.at == 0 || file.first == first);
    let known = known.cloned().unwrap_or_default();
    // Not that of an earlier look, at which the first line was still being written.
    Ok(FilePosition { first, ..known })
}

/// Returns the entry of a record. An identity that is no UUID of version 7 has no day.
fn entry(record: Option<Record>, number: u64) -> Option<Entry> {
    let record = record?;
    let id = Uuid::from(record.id);
    Some(Entry {
        day: id.day()?,
        json: clean_json(serde_json::to_string(&record).ok()?),
        seq: i64::try_from(number).unwrap_or(i64::MAX),
        id,
        record,
    })
}

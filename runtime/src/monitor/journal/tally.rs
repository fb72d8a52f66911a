//! Tallies: the counts of one file, and its records whose other line may be in another file.

use super::{daily_counts::DailyCounts, line, segments::Folder};
use crate::{
    error::ErrorId,
    event::{Record, RecordKind, RecordState},
    time::Timestamp,
};
use std::{collections::BTreeMap, io};

/// The counts of one file.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Errors that stand: each has one line in this state.
    pub(super) days: DailyCounts,
    /// Records whose other line may be in another file; pairs of lines within the file are left
    /// out.
    pub(super) ends: BTreeMap<ErrorId, OpenEnd>,
    /// When the last record of the file was made.
    pub(super) latest: Option<Timestamp>,
    /// All lines that are not empty, those without a record included.
    pub(super) lines: u64,
}

/// A record whose other line may be in another file.
#[derive(Debug)]
pub(super) struct OpenEnd {
    /// Where its last line in this file begins.
    pub(super) at: u64,
    /// What it counts as while no later line settles it.
    pub(super) pending: Option<PendingError>,
}

/// An error inside an attempt that no line has settled so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PendingError {
    pub(super) timestamp: Timestamp,
    pub(super) code: String,
}

/// Errors that are not settled yet, by identity.
pub(super) type OpenErrors = BTreeMap<ErrorId, PendingError>;

impl Tally {
    /// Counts the records of a file from a byte on; returns where it stopped.
    pub(super) fn count_from(
        &mut self,
        folder: &Folder,
        number: u64,
        from: u64,
    ) -> io::Result<u64> {
        folder.lines_from(number, from, |at, line| {
            self.lines += u64::from(!line.is_empty());
            if let Some((timestamp, code)) = std::str::from_utf8(line).ok().and_then(line::head) {
                self.latest = Some(timestamp);
                self.days.add(timestamp, code);
            } else if let Ok(found) = line::decode(line) {
                self.count(at, found.record);
            }
        })
    }

    fn count(&mut self, at: u64, record: Record) {
        self.latest = Some(record.timestamp);
        if record.kind == RecordKind::Error && record.state == RecordState::Error {
            self.days.add(record.timestamp, &record.error_code);
        }
        if !record.is_joined() {
            return;
        }
        if record.state == RecordState::Pending {
            let pending = Some(PendingError {
                timestamp: record.timestamp,
                code: record.error_code,
            });
            self.ends.insert(record.id, OpenEnd { at, pending });
        } else if self
            .ends
            .get(&record.id)
            .is_some_and(|end| end.pending.is_some())
        {
            self.ends.remove(&record.id);
        } else {
            self.ends.insert(record.id, OpenEnd { at, pending: None });
        }
    }

    /// Updates the errors that were open before this file to those that are open after it.
    pub(super) fn update_open(&self, open: &mut OpenErrors) {
        for (id, end) in &self.ends {
            match &end.pending {
                Some(pending) => {
                    open.insert(*id, pending.clone());
                }
                None => {
                    open.remove(id);
                }
            }
        }
    }
}

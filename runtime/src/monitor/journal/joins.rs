//! Joins of the two lines of a record, while a page is read.
//!
//! A joined record stands where its first line stands, whenever the second one is written, so that
//! paging neither skips nor repeats it; it has the contents of its last line. The other line of an
//! error inside an attempt comes within a minute; files that begin more than [`HORIZON`] before or
//! after are not read: the clocks of their writers would have to differ by that much. The second
//! line of a transition comes when the circuit is no longer open, so that all later files are read.

use super::{line, segments::Folder, tally_cache::TallyCache};
use crate::{
    error::ErrorId,
    event::{Record, RecordKind, RecordState},
    sync::Mutex,
};
use std::{collections::HashMap, io, sync::Arc, time::Duration};

/// Joins lines for one query.
#[derive(Debug)]
pub(super) struct Joins<'a> {
    folder: &'a Folder,
    tallies: &'a Mutex<TallyCache>,
    /// The files that are read, in order.
    numbers: Arc<[u64]>,
    /// The file that is being read.
    places: Option<(u64, Places)>,
}

/// Where the first and the last line of each record that may be joined begins, in one file.
type Places = HashMap<ErrorId, (u64, u64)>;

const HORIZON: Duration = Duration::from_secs(600);

impl<'a> Joins<'a> {
    pub(super) fn new(
        folder: &'a Folder,
        tallies: &'a Mutex<TallyCache>,
        numbers: Arc<[u64]>,
    ) -> Self {
        Self {
            folder,
            tallies,
            numbers,
            places: None,
        }
    }

    /// Returns the record that a line of a file stands for: its own, that of a later line, or
    /// `None` if an earlier line stands for it.
    pub(super) fn join(
        &mut self,
        number: u64,
        at: u64,
        record: Record,
    ) -> io::Result<Option<Record>> {
        let (first, last) = self
            .places(number)?
            .get(&record.id)
            .copied()
            .unwrap_or((at, at));
        if at != first
            || (record.state != RecordState::Pending && self.is_in_earlier(number, &record)?)
        {
            return Ok(None);
        }
        // An error has no third line, and most have both in one file.
        let is_complete = last != at && record.kind == RecordKind::Error;
        let later = match is_complete {
            true => None,
            false => self.in_later(number, &record)?,
        };
        let (number, place) = match later {
            Some(later) => later,
            None if last == at => return Ok(Some(record)),
            None => (number, last),
        };
        let settled = self.folder.record_at(number, place)?;
        Ok(Some(
            settled
                .filter(|settled| settled.id == record.id)
                .unwrap_or(record),
        ))
    }

    /// Returns the file and position of the record's last line in a later file.
    fn in_later(&self, number: u64, record: &Record) -> io::Result<Option<(u64, u64)>> {
        let is_transition = record.kind == RecordKind::Transition;
        if !is_transition && record.state != RecordState::Pending {
            return Ok(None);
        }
        let mut last = None;
        for (steps, later) in self
            .numbers
            .iter()
            .filter(|later| **later > number)
            .enumerate()
        {
            if !is_transition && steps > 0 {
                let begin = self.folder.first_timestamp(*later)?;
                if last.is_some()
                    || begin.is_some_and(|begin| begin.since(record.timestamp) > HORIZON)
                {
                    break;
                }
            }
            let mut tallies = self.tallies.lock();
            last = tallies
                .end(self.folder, *later, record.id)?
                .map(|end| (*later, end.at))
                .or(last);
        }
        Ok(last)
    }

    fn is_in_earlier(&self, number: u64, record: &Record) -> io::Result<bool> {
        let is_transition = record.kind == RecordKind::Transition;
        for earlier in self
            .numbers
            .iter()
            .rev()
            .filter(|earlier| **earlier < number)
        {
            if self
                .tallies
                .lock()
                .end(self.folder, *earlier, record.id)?
                .is_some()
            {
                return Ok(true);
            }
            let begin = self.folder.first_timestamp(*earlier)?;
            if !is_transition && begin.is_some_and(|begin| record.timestamp.since(begin) > HORIZON)
            {
                break;
            }
        }
        Ok(false)
    }

    fn places(&mut self, number: u64) -> io::Result<&Places> {
        let known = self.places.take().filter(|(known, _)| *known == number);
        let (number, places) = match known {
            Some(known) => known,
            None => (number, self.read_places(number)?),
        };
        Ok(&self.places.insert((number, places)).1)
    }

    fn read_places(&self, number: u64) -> io::Result<Places> {
        let mut places = Places::new();
        self.folder.lines_from(number, 0, |at, line| {
            if let Some(record) = line::joined(line) {
                places.entry(record.id).or_insert((at, at)).1 = at;
            }
        })?;
        Ok(places)
    }
}

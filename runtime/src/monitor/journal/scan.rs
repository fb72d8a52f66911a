//! A pass over the records of a folder, in one direction, in bounded memory.

use super::{
    joins::Joins,
    line,
    line_filter::LineFilter,
    query::Query,
    read_error::ReadError,
    reverse_lines::{ReverseLines, read_line},
    segments::Folder,
    tally_cache::TallyCache,
};
use crate::{event::Record, sync::Mutex};
use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufReader, Read, Take},
    sync::Arc,
};

/// A pass over the records that match a query.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    folder: &'a Folder,
    query: Query,
    filter: LineFilter,
    joins: Joins<'a>,
    direction: Direction,
    /// The files that are still to be read, in the order of the pass.
    numbers: VecDeque<u64>,
    /// Where the pass begins in its first file, if not at its start or end.
    begin: Option<(u64, u64)>,
    open: Option<(u64, Lines)>,
    line: Vec<u8>,
    /// The file, position and record of a line that was decoded; what is torn in front of it is
    /// reported first.
    next: Option<(u64, u64, Record)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    NewestFirst,
    OldestFirst,
}

/// A record, and where its line ends.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) number: u64,
    pub(super) end: u64,
    pub(super) record: Record,
}

/// The lines of one file.
#[derive(Debug)]
enum Lines {
    Backwards(ReverseLines<File>),
    Forwards {
        reader: BufReader<Take<File>>,
        at: u64,
    },
}

impl<'a> Scan<'a> {
    /// Starts a pass over files whose numbers are in order; newest first, it continues after the
    /// cursor of the query.
    pub(super) fn new(
        folder: &'a Folder,
        tallies: &'a Mutex<TallyCache>,
        numbers: Vec<u64>,
        query: &Query,
        direction: Direction,
    ) -> Self {
        let after = query.parts().after;
        let begin = after.map(|cursor| (cursor.part(), cursor.position()));
        let begin = begin.filter(|_| direction == Direction::NewestFirst);
        let numbers: Arc<[u64]> = numbers.into();
        let is_due = |number: &u64| begin.is_none_or(|(last, _)| *number <= last);
        let mut due: VecDeque<u64> = numbers.iter().copied().filter(is_due).collect();
        if direction == Direction::NewestFirst {
            due.make_contiguous().reverse();
        }
        Self {
            folder,
            query: query.clone(),
            filter: LineFilter::new(query),
            joins: Joins::new(folder, tallies, numbers),
            direction,
            numbers: due,
            begin,
            open: None,
            line: Vec::new(),
            next: None,
        }
    }

    /// Returns the next record that matches, or the next error; reading goes on after an error.
    pub(super) fn next(&mut self) -> Option<Result<Found, ReadError>> {
        loop {
            if let Some((number, at, record)) = self.next.take() {
                match self.matching(number, at, record) {
                    Ok(None) => {}
                    Ok(Some(found)) => return Some(Ok(found)),
                    Err(err) => return Some(Err(err)),
                }
            }
            if self.open.is_none() {
                let number = self.numbers.pop_front()?;
                match self.open(number) {
                    Ok(lines) => self.open = lines.map(|lines| (number, lines)),
                    Err(err) => return Some(Err(self.failed(number, err))),
                }
            }
            let Some((number, lines)) = &mut self.open else {
                continue;
            };
            let number = *number;
            match lines.next_line(&mut self.line) {
                Ok(Some(at)) => {
                    if let Some(err) = self.decode(number, at) {
                        return Some(Err(err));
                    }
                }
                Ok(None) => self.open = None,
                Err(err) => {
                    self.open = None;
                    return Some(Err(self.failed(number, err)));
                }
            }
        }
    }

    fn failed(&self, number: u64, err: io::Error) -> ReadError {
        ReadError::io(self.folder.path_of(number), err)
    }

    fn open(&mut self, number: u64) -> io::Result<Option<Lines>> {
        let Some(file) = self.folder.open_to_read(number)? else {
            return Ok(None);
        };
        let length = file.metadata()?.len();
        if self.direction == Direction::OldestFirst {
            let reader = BufReader::with_capacity(64 * 1024, file.take(length));
            return Ok(Some(Lines::Forwards { reader, at: 0 }));
        }
        let begin = self.begin.take_if(|(last, _)| *last == number);
        let from = begin.map_or(length, |(_, position)| position.min(length));
        Ok(Some(Lines::Backwards(ReverseLines::new(file, from))))
    }

    /// Takes the record of a line into `next`, and returns the error for what is torn in it.
    fn decode(&mut self, number: u64, at: u64) -> Option<ReadError> {
        if self.filter.excludes(&self.line) {
            return None;
        }
        let torn = || ReadError::torn(self.folder.path_of(number), at);
        let Ok(found) = line::decode(&self.line) else {
            return Some(torn());
        };
        let torn = found.after_torn.then(torn);
        self.next = Some((number, at, found.record));
        torn
    }

    /// Joins the record of a line, and returns it if it matches.
    fn matching(
        &mut self,
        number: u64,
        at: u64,
        record: Record,
    ) -> Result<Option<Found>, ReadError> {
        if !self.query.may_match(&record) {
            return Ok(None);
        }
        let record = if record.is_joined() {
            self.joins
                .join(number, at, record)
                .map_err(|err| self.failed(number, err))?
        } else {
            Some(record)
        };
        let end = at + self.line.len() as u64 + 1;
        let record = record.and_then(|record| self.query.matching(record));
        Ok(record.map(|record| Found {
            number,
            end,
            record,
        }))
    }
}

impl Lines {
    /// Reads the next line that is not empty into `line`; returns the position of its first byte.
    ///
    /// The bytes after the last newline are a line too: it was torn, or is being written.
    fn next_line(&mut self, line: &mut Vec<u8>) -> io::Result<Option<u64>> {
        match self {
            Self::Backwards(lines) => Ok(lines.next_line()?.map(|(at, next)| {
                *line = next;
                at
            })),
            Self::Forwards { reader, at } => loop {
                let begin = *at;
                let read = read_line(reader, line)?;
                if read.is_none() && line.is_empty() {
                    return Ok(None);
                }
                *at += read.unwrap_or(line.len() as u64);
                if !line.is_empty() {
                    return Ok(Some(begin));
                }
            },
        }
    }
}

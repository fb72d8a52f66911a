//! `journal list`: records, newest first.

use super::problems::Problems;
use crate::{
    output::Output,
    render::{json, rows::Layout},
    run::{Failure, Outcome},
    source::Source,
};
use gardefou::{event::Record, monitor::journal::Query};
use std::io::Write;

/// How many records decide how wide the columns are.
const FIRST: usize = 100;

/// Prints at most so many records.
pub(crate) fn run(
    source: &Source,
    query: &Query,
    limit: u64,
    json: bool,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let mut problems = Problems::default();
    let mut list = List::new(json, FIRST);
    let mut left = limit;
    for next in source.newest_first(query)? {
        if let Some(record) = problems.check(next, output) {
            list.add(record, output)?;
            left -= 1;
            if left == 0 {
                break;
            }
        }
    }
    list.flush(output)?;
    Ok(problems.finish(Outcome::Done, output))
}

/// Prints records as rows, or as JSON lines.
#[derive(Debug)]
pub(crate) struct List {
    json: bool,
    layout: Option<Layout>,
    /// The records that decide how wide the columns are.
    first: Vec<Record>,
    max_first: usize,
}

impl List {
    pub(crate) fn new(json: bool, max_first: usize) -> Self {
        Self {
            json,
            layout: None,
            first: Vec::new(),
            max_first,
        }
    }

    pub(crate) fn add(&mut self, record: Record, output: &mut Output) -> Result<(), Failure> {
        if self.json {
            return write_json(&record, output);
        }
        if let Some(layout) = self.layout {
            writeln!(output, "{}", layout.row(&record, output.style))?;
            return Ok(());
        }
        self.first.push(record);
        if self.first.len() >= self.max_first {
            self.flush(output)?;
        }
        Ok(())
    }

    /// Prints the records that wait for others.
    pub(crate) fn flush(&mut self, output: &mut Output) -> Result<(), Failure> {
        if self.layout.is_some() || self.first.is_empty() {
            return Ok(());
        }
        let layout = self.begin(output)?;
        for record in std::mem::take(&mut self.first) {
            writeln!(output, "{}", layout.row(&record, output.style))?;
        }
        Ok(())
    }

    /// Chooses the columns, and prints the heading.
    pub(crate) fn begin(&mut self, output: &mut Output) -> Result<Layout, Failure> {
        let layout = Layout::new(output.columns, &self.first);
        self.layout = Some(layout);
        if let Some(heading) = layout.heading(output.style).filter(|_| !self.json) {
            writeln!(output, "{heading}")?;
        }
        Ok(layout)
    }
}

/// Prints a record as a line of JSON.
pub(crate) fn write_json(record: &Record, output: &mut Output) -> Result<(), Failure> {
    let line = json::line(record).map_err(|err| Failure::from_error(&err))?;
    writeln!(output, "{line}")?;
    Ok(())
}

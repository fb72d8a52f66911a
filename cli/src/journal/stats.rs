//! `journal stats`: counts of records.

use super::problems::Problems;
use crate::{
    output::Output,
    render::{
        chart, json,
        style::{Tone, of_level},
        table::{self, Row},
        text::grouped,
    },
    run::{Failure, Outcome},
    source::Source,
};
use gardefou::{
    event::{Record, Severity},
    monitor::journal::Query,
    time::Timestamp,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    io::Write,
};

/// How much is shown of what was counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    pub(crate) top: u16,
    pub(crate) days: u16,
}

/// The row of all names that found no room, as in the tables of the monitor.
const OTHER: &str = "_OTHER";
/// How many names a table counts apart.
const MAX_NAMES: usize = 10_000;
const MAX_DAYS: usize = 36_600;

#[derive(Debug, Default)]
struct Counts {
    total: u64,
    span: Option<(Timestamp, Timestamp)>,
    days: BTreeMap<String, u64>,
    codes: HashMap<String, u64>,
    levels: HashMap<Severity, u64>,
    operations: HashMap<String, u64>,
    /// Groups by fingerprint, with the code and operation of one of their records.
    groups: HashMap<String, (u64, String)>,
}

/// Prints the counts of all records that match.
pub(crate) fn run(
    source: &Source,
    query: &Query,
    shown: Shown,
    json: bool,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let mut problems = Problems::default();
    let mut counts = Counts::default();
    for next in source.oldest_first(query)? {
        if let Some(record) = problems.check(next, output) {
            counts.add(&record);
        }
    }
    if json {
        let line = json::line(&counts.to_json()).map_err(|err| Failure::from_error(&err))?;
        writeln!(output, "{line}")?;
    } else {
        counts.print(shown, output)?;
    }
    Ok(problems.finish(Outcome::Done, output))
}

impl Counts {
    fn add(&mut self, record: &Record) {
        let at = record.timestamp;
        self.total += 1;
        let (first, last) = self.span.unwrap_or((at, at));
        self.span = Some((first.min(at), last.max(at)));
        let day = at.day();
        if let Some(count) = self.days.get_mut(&day) {
            *count += 1;
        } else {
            self.days.insert(day, 1);
            while self.days.len() > MAX_DAYS {
                self.days.pop_first();
            }
        }
        *self.levels.entry(record.level).or_default() += 1;
        *entry(&mut self.codes, name(&record.error_code)) += 1;
        *entry(&mut self.operations, name(&record.operation)) += 1;
        let group = record.fingerprint.to_string();
        let group = entry(&mut self.groups, &group);
        group.0 += 1;
        if group.1.is_empty() {
            group.1 = format!(
                "{} in {}",
                name(&record.error_code),
                name(&record.operation)
            );
        }
    }

    fn print(&self, shown: Shown, output: &mut Output) -> Result<(), Failure> {
        let Some((first, last)) = self.span else {
            writeln!(output, "no records")?;
            return Ok(());
        };
        let short = |time: Timestamp| {
            let time = time.to_string();
            format!("{} {}", &time[..10], &time[11..19])
        };
        let plural = if self.total == 1 { "" } else { "s" };
        let total = grouped(self.total);
        let total = output
            .style
            .paint(Tone::Heading, &format!("{total} record{plural}"));
        writeln!(output, "{total}, {} to {} UTC", short(first), short(last))?;

        let (columns, style) = (output.columns, output.style);
        heading("By day", output)?;
        let (days, before) = chart::lines(&self.days, shown.days, columns, style);
        if before > 0 {
            writeln!(output, "  {} before", grouped(before))?;
        }
        print_lines(&days, output)?;

        heading("By severity", output)?;
        let levels = [
            Severity::Critical,
            Severity::Error,
            Severity::Warning,
            Severity::Info,
        ];
        let row = |level: Severity| Row {
            name: level.name().to_owned(),
            count: self.levels.get(&level).copied().unwrap_or(0),
            tone: of_level(level),
        };
        print_lines(&table::lines(&levels.map(row), columns, style), output)?;

        print_top("By code", &self.codes, shown.top, output)?;
        print_top("By operation", &self.operations, shown.top, output)?;
        let groups = self.groups.iter();
        let groups = groups.map(|(id, (count, what))| (label(id, what), *count));
        print_top("By group", &groups.collect(), shown.top, output)
    }

    fn to_json(&self) -> Value {
        let levels = self.levels.iter().map(|(level, n)| (level.name(), n));
        let groups = self
            .groups
            .iter()
            .map(|(id, (count, what))| (id, json!({ "count": count, "example": what })));
        json!({
            "total": self.total,
            "first": self.span.map(|(first, _)| first.to_string()),
            "last": self.span.map(|(_, last)| last.to_string()),
            "by_day": self.days,
            "by_severity": levels.collect::<BTreeMap<_, _>>(),
            "by_code": self.codes,
            "by_operation": self.operations,
            "by_group": groups.collect::<BTreeMap<_, _>>(),
        })
    }
}

/// Returns the count of a name, or that of all names beyond the most that are counted apart.
fn entry<'a, T: Default>(table: &'a mut HashMap<String, T>, name: &str) -> &'a mut T {
    let is_known = table.contains_key(name);
    let is_full = table.len() >= MAX_NAMES;
    let name = if is_full && !is_known { OTHER } else { name };
    table.entry(name.to_owned()).or_default()
}

fn name(name: &str) -> &str {
    if name.is_empty() { "(none)" } else { name }
}

fn label(id: &str, what: &str) -> String {
    match id {
        OTHER => OTHER.to_owned(),
        id => format!("{id} {what}"),
    }
}

fn heading(text: &str, output: &mut Output) -> Result<(), Failure> {
    let heading = output.style.paint(Tone::Heading, text);
    writeln!(output, "\n{heading}")?;
    Ok(())
}

fn print_lines(lines: &[String], output: &mut Output) -> Result<(), Failure> {
    for line in lines {
        writeln!(output, "{line}")?;
    }
    Ok(())
}

/// Prints the rows with the largest counts, and the sum of the others.
fn print_top(
    title: &str,
    counts: &HashMap<String, u64>,
    top: u16,
    output: &mut Output,
) -> Result<(), Failure> {
    heading(title, output)?;
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let (top, others) = sorted.split_at(sorted.len().min(top.into()));
    let row = |(name, count): &(&String, &u64)| Row {
        name: (*name).clone(),
        count: **count,
        tone: Tone::Plain,
    };
    let rows: Vec<_> = top.iter().map(row).collect();
    print_lines(&table::lines(&rows, output.columns, output.style), output)?;
    if !others.is_empty() {
        let sum: u64 = others.iter().map(|(_, count)| **count).sum();
        writeln!(
            output,
            "  and {} more with {}",
            grouped(others.len() as u64),
            grouped(sum)
        )?;
    }
    Ok(())
}

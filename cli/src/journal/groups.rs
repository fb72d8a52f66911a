//! `journal groups`: errors that are the same problem.

use super::problems::Problems;
use crate::{
    output::Output,
    render::{
        json,
        style::Tone,
        text::{cut, escaped, grouped},
    },
    run::{Failure, Outcome},
    source::Source,
};
use gardefou::{
    event::{Fingerprint, Record},
    monitor::journal::Query,
    time::Timestamp,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    io::Write,
};

/// A group, and where its errors happened.
#[derive(Debug)]
struct Group {
    fingerprint: Fingerprint,
    code: String,
    operation: String,
    message: String,
    errors: u64,
    first: Timestamp,
    last: Timestamp,
    /// Machines, and how many errors each saw.
    seen: Vec<(String, u64)>,
}

/// How many groups of a local journal are counted apart.
const MAX_GROUPS: usize = 100_000;
/// How many machines of a group are counted apart.
const MAX_MACHINES: usize = 1000;
/// How many machines are named in a list.
const NAMED: usize = 3;

/// Prints the groups of the records that match, those with the most errors first.
pub(crate) fn run(
    source: &Source,
    query: &Query,
    limit: usize,
    is_json: bool,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let mut problems = Problems::default();
    let groups = match of_fleet(source, query, limit)? {
        Some(groups) => groups,
        None => of_records(source, query, limit, (&mut problems, output))?,
    };
    if groups.is_empty() && !is_json {
        writeln!(output, "no records")?;
    }
    for (i, group) in groups.iter().enumerate() {
        if is_json {
            let line = json::line(&group.to_json()).map_err(|err| Failure::from_error(&err))?;
            writeln!(output, "{line}")?;
            continue;
        }
        if i > 0 {
            writeln!(output)?;
        }
        group.print(output)?;
    }
    Ok(problems.finish(Outcome::Done, output))
}

#[cfg(feature = "postgres")]
fn of_fleet(source: &Source, query: &Query, limit: usize) -> Result<Option<Vec<Group>>, Failure> {
    let Some(reader) = source.as_fleet() else {
        return Ok(None);
    };
    let groups = reader.groups(&query.clone().limit(limit));
    let groups = groups.map_err(|err| Failure::from_error(&err))?;
    let groups = groups.into_iter().map(|group| {
        let name = |seen: gardefou_postgres::GroupInstance| {
            let host = seen.host.unwrap_or(seen.instance);
            (host, seen.errors)
        };
        Group {
            fingerprint: group.fingerprint,
            code: group.code,
            operation: group.operation,
            message: group.message,
            errors: group.errors,
            first: group.first,
            last: group.last,
            seen: group.instances.into_iter().map(name).collect(),
        }
    });
    Ok(Some(groups.collect()))
}

#[cfg(not(feature = "postgres"))]
#[expect(clippy::unnecessary_wraps, reason = "as with the feature `postgres`")]
fn of_fleet(_: &Source, _: &Query, _: usize) -> Result<Option<Vec<Group>>, Failure> {
    Ok(None)
}

/// Counts the records of a local journal.
fn of_records(
    source: &Source,
    query: &Query,
    limit: usize,
    (problems, output): (&mut Problems, &mut Output),
) -> Result<Vec<Group>, Failure> {
    let mut groups: HashMap<Fingerprint, (Group, BTreeMap<String, u64>)> = HashMap::new();
    let mut left_out = 0_u64;
    for next in source.oldest_first(query)? {
        let Some(record) = problems.check(next, output) else {
            continue;
        };
        if groups.len() >= MAX_GROUPS && !groups.contains_key(&record.fingerprint) {
            left_out += 1;
            continue;
        }
        let new = || (Group::new(&record), BTreeMap::new());
        let (group, seen) = groups.entry(record.fingerprint).or_insert_with(new);
        group.add(&record);
        let host = record
            .origin
            .as_ref()
            .and_then(|origin| origin.host.clone());
        if let Some(host) = host
            && (seen.len() < MAX_MACHINES || seen.contains_key(&host))
        {
            *seen.entry(host).or_default() += 1;
        }
    }
    if left_out > 0 {
        let n = grouped(left_out);
        output.complain(&format!("{n} records of further groups left out"));
    }
    let mut groups: Vec<Group> = groups
        .into_values()
        .map(|(mut group, seen)| {
            group.seen = seen.into_iter().collect();
            group.seen.sort_by_key(|seen| std::cmp::Reverse(seen.1));
            group
        })
        .collect();
    groups.sort_by(|a, b| {
        b.errors
            .cmp(&a.errors)
            .then(a.fingerprint.cmp(&b.fingerprint))
    });
    groups.truncate(limit);
    Ok(groups)
}

impl Group {
    fn new(record: &Record) -> Self {
        Self {
            fingerprint: record.fingerprint,
            code: String::new(),
            operation: String::new(),
            message: String::new(),
            errors: 0,
            first: record.timestamp,
            last: record.timestamp,
            seen: Vec::new(),
        }
    }

    fn add(&mut self, record: &Record) {
        self.errors += 1;
        self.first = self.first.min(record.timestamp);
        if record.timestamp >= self.last {
            self.last = record.timestamp;
            self.code.clone_from(&record.error_code);
            self.operation.clone_from(&record.operation);
            self.message.clone_from(&record.message);
        }
    }

    fn print(&self, output: &mut Output) -> Result<(), Failure> {
        let columns = output.columns.unwrap_or(usize::MAX);
        let style = output.style;
        let plural = if self.errors == 1 { "" } else { "s" };
        let title = format!(
            "{} error{plural}  {}  {}",
            grouped(self.errors),
            escaped(&self.code),
            self.fingerprint
        );
        writeln!(
            output,
            "{}",
            style.paint(Tone::Heading, &cut(&title, columns))
        )?;
        let short = |time: Timestamp| {
            let time = time.to_string();
            format!("{} {}", &time[..10], &time[11..19])
        };
        let mut lines = vec![format!(
            "  {} to {} UTC",
            short(self.first),
            short(self.last)
        )];
        if !self.operation.is_empty() {
            lines.push(format!("  in {}", escaped(&self.operation)));
        }
        if !self.seen.is_empty() {
            let named = self.seen.iter().take(NAMED);
            let named: Vec<_> = named
                .map(|(name, errors)| format!("{} ({})", escaped(name), grouped(*errors)))
                .collect();
            let others = self.seen.len() - named.len();
            let others = match others {
                0 => String::new(),
                n => format!(" and {} more", grouped(n as u64)),
            };
            lines.push(format!("  on {}{others}", named.join(", ")));
        }
        lines.push(format!("  {}", escaped(&self.message)));
        for line in lines {
            writeln!(output, "{}", cut(&line, columns))?;
        }
        Ok(())
    }

    fn to_json(&self) -> Value {
        let seen = self.seen.iter();
        let seen = seen.map(|(name, errors)| json!({ "machine": name, "errors": errors }));
        json!({
            "fingerprint": self.fingerprint,
            "code": self.code,
            "operation": self.operation,
            "message": self.message,
            "errors": self.errors,
            "first": self.first,
            "last": self.last,
            "machines": seen.collect::<Vec<_>>(),
        })
    }
}

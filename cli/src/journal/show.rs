//! `journal show`: all of one record.

use super::{list::write_json, problems::Problems};
use crate::{
    output::Output,
    render::details,
    run::{Failure, Outcome},
    source::Source,
};
use gardefou::{error::ErrorId, event::Record, monitor::journal::Query};
use std::io::Write;

const MIN_DIGITS: usize = 6;
/// An error, and what has the same identity, for example the notification about it.
const MAX_SHOWN: usize = 10;

/// Prints the records with an identity, or with one that ends so.
pub(crate) fn run(
    source: &Source,
    id: &str,
    json: bool,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let query = Query::new().any_kind().include_retried();
    let (query, end) = match id.parse::<ErrorId>() {
        Ok(id) => (query.id(id), String::new()),
        Err(_) => (query, digits(id)?),
    };
    let mut problems = Problems::default();
    let mut found: Vec<Record> = Vec::new();
    for next in source.newest_first(&query)? {
        if let Some(record) = problems.check(next, output)
            && record.id.to_string().ends_with(&end)
            && found.len() < MAX_SHOWN
        {
            found.push(record);
        }
    }
    let Some(first) = found.first() else {
        output.complain(&format!("no record has the identity {id}"));
        return Ok(problems.finish(Outcome::Negative, output));
    };
    if found.iter().any(|record| record.id != first.id) {
        let mut ids: Vec<_> = found.iter().map(|record| record.id.to_string()).collect();
        ids.dedup();
        let text = format!(
            "`{id}` must name one record, and is the end of {}",
            ids.join(", ")
        );
        return Err(Failure::new(text));
    }
    for (i, record) in found.iter().enumerate() {
        if json {
            write_json(record, output)?;
            continue;
        }
        if i > 0 {
            writeln!(output)?;
        }
        for line in details::lines(record, output.style) {
            writeln!(output, "{line}")?;
        }
    }
    Ok(problems.finish(Outcome::Done, output))
}

/// Returns the last digits of an identity, as it writes them.
fn digits(text: &str) -> Result<String, Failure> {
    let is_digit = |c: u8| c.is_ascii_hexdigit() || c == b'-';
    if text.len() < MIN_DIGITS || text.len() > 36 || !text.bytes().all(is_digit) {
        return Err(Failure::new(format!(
            "`ID` is `{text}`: it must be an identity of 32 hexadecimal digits in groups of 8-4-4-4-12, or at least {MIN_DIGITS} digits of its end"
        )));
    }
    Ok(text.to_ascii_lowercase())
}

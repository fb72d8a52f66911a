//! `journal export`: records for other programs, oldest first.

use super::{list::write_json, problems::Problems};
use crate::{
    args::ExportFormat,
    output::Output,
    render::csv,
    run::{Failure, Outcome},
    source::Source,
};
use gardefou::monitor::journal::Query;
use std::io::Write;

/// Prints all records that match.
pub(crate) fn run(
    source: &Source,
    query: &Query,
    format: ExportFormat,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let mut problems = Problems::default();
    if format == ExportFormat::Csv {
        writeln!(output, "{}", csv::line(&csv::HEADER))?;
    }
    for next in source.oldest_first(query)? {
        let Some(record) = problems.check(next, output) else {
            continue;
        };
        match format {
            ExportFormat::Jsonl => write_json(&record, output)?,
            ExportFormat::Csv => writeln!(output, "{}", csv::row(&record))?,
        }
    }
    Ok(problems.finish(Outcome::Done, output))
}

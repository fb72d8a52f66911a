//! The commands that read a journal.

mod export;
mod filters;
mod follow;
mod groups;
mod list;
mod problems;
mod show;
mod stats;

use crate::{
    args::{JournalArguments, JournalCommand},
    output::Output,
    run::{Failure, Outcome},
    source::Source,
};

/// Runs one of the commands.
pub(crate) fn run(arguments: JournalArguments, output: &mut Output) -> Result<Outcome, Failure> {
    let queried = match &arguments.command {
        JournalCommand::List { filters, .. }
        | JournalCommand::Follow { filters, .. }
        | JournalCommand::Stats { filters, .. }
        | JournalCommand::Groups { filters, .. }
        | JournalCommand::Export { filters, .. } => Some(filters::query(filters)?),
        JournalCommand::Show { .. } => None,
    };
    let query = queried.unwrap_or_default();
    let (source, note) = Source::open(arguments.journal.as_deref(), &arguments.schema)?;
    if let Some(note) = note {
        output.complain(&note);
    }
    match arguments.command {
        JournalCommand::List {
            limit, all, json, ..
        } => {
            let limit = if all { u64::MAX } else { limit };
            list::run(&source, &query, limit, json, output)
        }
        JournalCommand::Show { id, json } => show::run(&source, &id, json, output),
        JournalCommand::Follow { json, .. } => follow::run(source, &query, json, output),
        JournalCommand::Stats {
            top, days, json, ..
        } => stats::run(&source, &query, stats::Shown { top, days }, json, output),
        JournalCommand::Groups { limit, json, .. } => {
            groups::run(&source, &query, limit.into(), json, output)
        }
        JournalCommand::Export { format, .. } => export::run(&source, &query, format, output),
    }
}

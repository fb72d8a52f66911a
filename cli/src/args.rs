//! The arguments of the command line.

use crate::{
    output::ColorChoice,
    time::{parse_duration, parse_time},
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use gardefou::{
    event::{Fingerprint, RecordKind, Severity},
    time::Timestamp,
};
use std::{path::PathBuf, time::Duration};

/// Reads journals of errors and the health of services, and checks configuration files.
///
/// Exit status: 0 if all went well, 1 if the answer is no (a service that is not healthy, a record
/// that does not exist, a configuration file in which something is wrong), 2 if the arguments, the
/// journal, the service or the file cannot be used.
#[derive(Debug, Parser)]
#[command(name = "gardefou", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// When to colour the output; `auto` colours a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reads a journal of errors
    Journal(JournalArguments),
    /// Asks a service whether it is healthy
    ///
    /// Exit status: 0 if it is healthy, also with warnings; 1 if it answers that it is not; 2 if it
    /// cannot be reached, or does not answer with a health report.
    Health(HealthArguments),
    /// Lists the functions that a service guards
    ///
    /// A function has a line for each of its attributes, with whether it was called since the service
    /// started.
    Functions(FunctionsArguments),
    /// Checks configuration files
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Prints completions for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Checks a configuration file, and prints each problem with its line
    ///
    /// Exit status: 0 if nothing is wrong, 1 if something is, 2 if the file cannot be read.
    Check {
        /// The file, for example gardefou.toml; `-` is the standard input
        file: PathBuf,
        /// Prints one line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints the JSON schema of configuration files, for editors
    Schema,
}

#[derive(Debug, Args)]
pub(crate) struct JournalArguments {
    /// The folder of the journal, the file of an SQLite database, or the URL of a fleet's database
    ///
    /// A URL begins with postgres://. Other users of the machine see arguments: put a URL with a
    /// password into the variable.
    #[arg(
        short,
        long,
        global = true,
        env = "GARDEFOU_JOURNAL",
        hide_env_values = true,
        value_name = "PATH"
    )]
    pub(crate) journal: Option<PathBuf>,
    /// The schema of the journal, in the database of a fleet
    #[arg(long, global = true, default_value = "gardefou", value_name = "NAME")]
    pub(crate) schema: String,
    #[command(subcommand)]
    pub(crate) command: JournalCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Lists records, newest first
    List {
        /// How many records
        #[arg(short = 'n', long, default_value_t = 50, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
        limit: u64,
        /// All records
        #[arg(long, conflicts_with = "limit")]
        all: bool,
        /// Prints JSON lines
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        filters: Filters,
    },
    /// Shows all of one record
    Show {
        /// The identity of the record, or its last digits, at least 6, as `list` shows them
        id: String,
        /// Prints a JSON line
        #[arg(long)]
        json: bool,
    },
    /// Prints new records as they come, until it is interrupted
    ///
    /// An error inside an attempt of a retry is printed once it is settled, or two minutes later.
    Follow {
        /// Prints JSON lines
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        filters: Filters,
    },
    /// Counts records by day, code, severity, operation and group
    Stats {
        /// How many rows of each table
        #[arg(long, default_value_t = 10, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1000))]
        top: u16,
        /// How many days of the chart, up to the latest one
        #[arg(long, default_value_t = 30, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=3660))]
        days: u16,
        /// Prints one line of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        filters: Filters,
    },
    /// Lists groups of errors, with when and where they happened first and last
    Groups {
        /// How many groups, those with the most errors
        #[arg(short = 'n', long, default_value_t = 20, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Prints JSON lines
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        filters: Filters,
    },
    /// Writes records to a file or a program, oldest first
    Export {
        /// The form of a record
        #[arg(long, value_enum, default_value_t)]
        format: ExportFormat,
        #[command(flatten)]
        filters: Filters,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JSON object a line, as in the journal
    #[default]
    Jsonl,
    /// Comma-separated values with a header
    Csv,
}

/// The conditions that records must meet, all of them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filters {
    /// Keeps records with this code, for example DB_WRITE_ERROR
    #[arg(long, value_name = "NAME", value_parser = not_empty)]
    pub(crate) code: Option<String>,
    /// Keeps records that are at least so urgent
    #[arg(long, value_name = "LEVEL", value_parser = severity, hide_possible_values = true)]
    pub(crate) severity: Option<Severity>,
    /// Keeps records of this function or boundary
    #[arg(long, value_name = "NAME", value_parser = not_empty)]
    pub(crate) operation: Option<String>,
    /// Keeps records of one group, by its fingerprint
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) group: Option<Fingerprint>,
    /// Keeps records from this time on: RFC 3339, a UTC day, or an age such as 90s, 15m, 2h, 7d, 2w
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) since: Option<Timestamp>,
    /// Keeps records before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<Timestamp>,
    /// Keeps records with this text in their message or in that of a cause; case matters
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    pub(crate) text: Option<String>,
    /// Keeps records of this kind, for example transition; `all` keeps every kind
    #[arg(long, value_name = "KIND", default_value = "error", value_parser = kind)]
    pub(crate) kind: Kind,
    /// Keeps errors that another attempt of a retry followed, too
    #[arg(long)]
    pub(crate) retried: bool,
}

/// The kinds of records that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    All,
    One(RecordKind),
}

/// A service to ask.
#[derive(Debug, Args)]
pub(crate) struct Service {
    /// The address: of a probe, for example http://localhost:8080/readyz, or of a dashboard, for
    /// example http://localhost:8080/gardefou
    pub(crate) url: String,
    /// How long the answer may take, for example 500ms, 3s or 1m
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = parse_duration)]
    pub(crate) timeout: Duration,
    /// Trusts the authorities in this file (PEM), and no others
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_certificate: Option<PathBuf>,
    /// Sends a header, for example 'Authorization: Bearer ..'; other users of the machine may see it
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) headers: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(crate) struct HealthArguments {
    #[command(flatten)]
    pub(crate) service: Service,
    /// Prints the report as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Prints nothing on the standard output
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FunctionsArguments {
    #[command(flatten)]
    pub(crate) service: Service,
    /// Keeps functions that were never called
    #[arg(long)]
    pub(crate) never_called: bool,
    /// Prints JSON lines
    #[arg(long)]
    pub(crate) json: bool,
}

fn header(text: &str) -> Result<(String, String), &'static str> {
    let rule = "must be a name of letters, digits and hyphens, a colon, and a value of printable characters";
    let (name, value) = text.split_once(':').ok_or(rule)?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let is_value = value
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic());
    (is_name && is_value)
        .then(|| (name.to_owned(), value.to_owned()))
        .ok_or(rule)
}

fn not_empty(text: &str) -> Result<String, &'static str> {
    match text {
        "" => Err("must not be empty"),
        _ => Ok(text.to_owned()),
    }
}

fn severity(text: &str) -> Result<Severity, String> {
    use Severity::{Critical, Error, Info, Warning};
    let named = [Info, Warning, Error, Critical];
    let found = named.into_iter().find(|level| level.name() == text);
    found.ok_or_else(|| format!("must be one of {}", list(named.map(Severity::name))))
}

fn kind(text: &str) -> Result<Kind, String> {
    use RecordKind::{
        Audit, Error, Health, Notification, Queued, Rejection, Retry, Settled, Transaction,
        Transition, Undelivered,
    };
    let named = [
        Error,
        Transition,
        Transaction,
        Rejection,
        Retry,
        Health,
        Audit,
        Notification,
        Queued,
        Undelivered,
        Settled,
    ];
    let found = named.into_iter().find(|kind| kind.name() == text);
    match (text, found) {
        ("all", _) => Ok(Kind::All),
        (_, Some(kind)) => Ok(Kind::One(kind)),
        (_, None) => Err(format!(
            "must be one of {}, all",
            list(named.map(RecordKind::name))
        )),
    }
}

fn list<const N: usize>(names: [&str; N]) -> String {
    names.join(", ")
}

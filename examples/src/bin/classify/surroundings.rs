//! The surroundings of the work: health, recorded errors, the states of the circuit breaker.

use crate::{client::Client, options::Options, outcome, store};
use gardefou::{
    ErrorCode, ErrorSystem, ErrorSystemGuard, ResultExt, error_monitor, health_check,
    monitor::journal::{JournalConfig, Query},
};
use std::{collections::BTreeMap, fs, path::Path};

/// The part of the report about the surroundings of the work.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// The states of the circuit breaker, in the order in which it took them.
    pub(crate) breaker: String,
    /// How often each error code was recorded.
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) health: Vec<Health>,
    pub(crate) journal: Journal,
    /// The deliveries of notifications.
    pub(crate) alerts: String,
    /// The titles of those that came to the webhook, of this run and of earlier ones.
    pub(crate) arrived: (Vec<String>, Vec<String>),
    /// Requests that the service received.
    pub(crate) requests: usize,
    pub(crate) seconds: f64,
}

/// The result of one health check.
#[derive(Debug)]
pub(crate) struct Health {
    pub(crate) name: String,
    pub(crate) passed: bool,
    pub(crate) text: String,
}

/// The state of the journal of errors.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// Whether everything that was recorded stands in it, and can be read back.
    pub(crate) complete: bool,
    pub(crate) text: String,
}

impl Surroundings {
    /// Runs the health checks and reads monitor and journal.
    pub(crate) fn collect(options: &Options) -> Self {
        let checks = health_check().run_all_checks();
        let health = checks.checks().iter().map(|check| Health {
            name: check.name.clone(),
            passed: check.passed(),
            text: match &check.output {
                Some(output) => format!("{}: {output}", check.status),
                None => check.status.to_string(),
            },
        });
        let errors = error_monitor().stats().error_counts;
        Self {
            errors,
            health: health.collect(),
            journal: journal(&options.journal()),
            ..Self::default()
        }
    }

    pub(crate) fn healthy(&self) -> bool {
        self.health.iter().all(|check| check.passed)
    }

    /// Returns `true` if all checks pass and the journal is complete.
    pub(crate) fn is_well(&self) -> bool {
        self.healthy() && self.journal.complete
    }
}

/// Starts the error system, with a journal in the output folder.
pub(crate) fn init(options: &Options) -> gardefou::Result<ErrorSystemGuard> {
    let journal = JournalConfig::builder(options.journal());
    Ok(ErrorSystem::builder().journal(journal).init()?)
}

/// Counts the records that the journal took in, and reads the newest error back.
fn journal(folder: &Path) -> Journal {
    let Some(journal) = error_monitor().journal() else {
        return Journal {
            complete: false,
            text: "there is none".into(),
        };
    };
    // Errors are written at once, warnings with the next batch.
    let flushed = journal.flush();
    let status = journal.status();
    let missing = status.lost + status.waiting;
    // What came after the flush may wait: the end of the program writes it.
    if flushed.is_err() || !status.is_healthy() || status.lost > 0 {
        let why = status
            .last_error
            .map(|error| format!(": {error}"))
            .unwrap_or_default();
        let owner = store::owner_note(folder, "--out");
        let text = format!(
            "incomplete: {} records written, {missing} not{why}{owner}",
            status.written
        );
        return Journal {
            complete: false,
            text,
        };
    }
    let written = format!(
        "{} records written, of errors, rejections, circuits, transactions and health",
        status.written
    );
    // The folder holds the errors of earlier runs too: the monitor knows those of this one.
    let Some(newest) = error_monitor().stats().recent_errors.pop() else {
        return Journal {
            complete: true,
            text: written,
        };
    };
    match journal
        .query(&Query::default().id(newest.id))
        .map(|page| page.records.into_iter().next())
    {
        Ok(Some(newest)) => {
            let text = format!(
                "{written}; the newest error: {} in {}",
                newest.error_code, newest.operation
            );
            Journal {
                complete: true,
                text,
            }
        }
        Ok(None) => Journal {
            complete: false,
            text: format!("{written}, but the newest error is not among them"),
        },
        Err(error) => {
            let why = outcome::with_cause(&error);
            Journal {
                complete: false,
                text: format!("{written}, but they cannot be read: {why}"),
            }
        }
    }
}

/// Registers a check for everything that the work depends on.
pub(crate) fn register_checks(options: &Options, client: &Client) -> gardefou::Result<()> {
    let (database, folder, client) = (
        options.database.clone(),
        options.folder.clone(),
        client.clone(),
    );
    let unregistered = "a health check cannot be registered";
    let health = health_check();
    health
        .register_check("database", move || store::is_writable(&database))
        .context(ErrorCode::INITIALIZATION_ERROR, unregistered)?;
    health
        .register_check("folder", move || fs::read_dir(&folder).map(drop))
        .context(ErrorCode::INITIALIZATION_ERROR, unregistered)?;
    health
        .register_check("service", move || client.is_ready())
        .context(ErrorCode::INITIALIZATION_ERROR, unregistered)
}

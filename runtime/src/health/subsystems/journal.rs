//! Report entry of the journal.

use crate::health::{
    report::{CheckReport, fields},
    status::{Criticality, Status},
};
use crate::{
    event::text,
    monitor::{self, journal::JournalStatus},
    panics,
    time::Timestamp,
};
use serde_json::json;

/// The name of the entry. No check has such a name: names of checks have no colon.
pub(crate) const NAME: &str = "monitor:journal";

/// Returns the entry of the journal if there is one: a warning while it cannot write.
pub(crate) fn report(now: Timestamp) -> Option<CheckReport> {
    // The journal may be the program's own code.
    let status = panics::catch(|| monitor::started()?.journal_status()).ok()??;
    Some(of_status(&status, now))
}

fn of_status(journal: &JournalStatus, now: Timestamp) -> CheckReport {
    let status = if journal.is_healthy() {
        Status::Pass
    } else {
        Status::Warn
    };
    let details = json!({
        "written": journal.written,
        "failed": journal.failed,
        "lost": journal.lost,
        "waiting": journal.waiting,
    });
    let output = journal.failing_since.map(|since| {
        let why = journal
            .last_error
            .as_deref()
            .unwrap_or("the cause is not known");
        text::for_sink(
            &format_args!("nothing can be written since {since}: {why}"),
            MAX_OUTPUT,
        )
    });
    CheckReport {
        group: Some("errors".into()),
        output,
        details: fields(details),
        last_failure: journal.failing_since,
        ..CheckReport::from_memory(NAME.to_owned(), status, Criticality::Important, now)
    }
}

const MAX_OUTPUT: usize = 512;

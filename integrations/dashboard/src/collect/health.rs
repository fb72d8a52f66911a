//! Health: the status of every check from memory, and its history.

use super::ids::{Ids, Kind};
use crate::{
    history::shown,
    sample::{Entries, fields, seconds},
};
use gardefou::health::{CheckReport, FailureCategory, Health, Status, health};
use serde_json::{Map, Value, json};

/// What was read of health.
#[derive(Clone, Debug)]
pub(super) struct HealthState {
    /// The checks by the names that they were given.
    checks: Vec<(String, Map<String, Value>)>,
    whole: Value,
}

/// Reads the checks, and the status of the whole.
pub(super) fn read() -> HealthState {
    let health = health();
    let report = health.health_status();
    let checks = report.checks().iter().filter(|check| {
        // Circuit breakers have tiles of their own.
        !check.name.starts_with("breaker:")
    });
    let checks = checks.map(|check| (check.name.clone(), fields(of_check(health, check))));
    HealthState {
        checks: checks.collect(),
        whole: json!({
            "status": report.status().name(),
            "phase": report.phase().name(),
            "in_background": health.is_running_in_background(),
        }),
    }
}

/// Returns the checks with their ids, and the status of the whole, which is not known where nothing
/// could be read.
pub(super) fn entries(ids: &mut Ids, state: Option<HealthState>) -> (Entries, Value) {
    let Some(HealthState { checks, whole }) = state else {
        let whole = json!({ "status": "unknown", "phase": "unknown", "in_background": false });
        return (Entries::new(), whole);
    };
    let checks = checks.into_iter();
    let entries = checks.map(|(name, check)| (ids.id(Kind::Check, &name), check));
    (entries.collect(), whole)
}

fn of_check(health: &Health, check: &CheckReport) -> Value {
    let millis = |time: gardefou::time::Timestamp| time.as_unix_millis();
    // Entries of parts of the library have no history of runs.
    let observations = health.history(&check.name).unwrap_or_default();
    let from = observations.len().saturating_sub(MOST_OBSERVATIONS);
    let history = observations[from..].iter().map(|observed| {
        json!({
            "at": millis(observed.at),
            "status": observed.status.name(),
            "category": observed.category.map(FailureCategory::name),
            "seconds": seconds(observed.duration),
        })
    });
    let changes = health.status_changes(&check.name).unwrap_or_default();
    let changes = changes.iter().rev().take(MOST_CHANGES).map(|change| {
        json!({
            "at": millis(change.at),
            "from": change.from.map(Status::name),
            "to": change.to.name(),
        })
    });
    // An entry that is made with each report has no time of its own.
    let last_check = check.last_check.filter(|_| !observations.is_empty());
    json!({
        "name": shown(&check.name),
        "status": check.status.name(),
        "category": check.category.map(FailureCategory::name),
        "criticality": check.criticality.name(),
        "kinds": check.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "output": check.output,
        "seconds": check.duration.map(seconds),
        "last_check": last_check.map(millis),
        "last_success": check.last_success.map(millis),
        "last_failure": check.last_failure.map(millis),
        "consecutive_failures": check.consecutive_failures,
        "hanging": check.hanging.map(|time| time.as_secs()),
        "counts": {
            "results": check.counts.results,
            "failures": check.counts.failures,
            "timeouts": check.counts.timeouts,
            "panics": check.counts.panics,
            "abandoned": check.counts.abandoned,
        },
        "history": history.collect::<Vec<_>>(),
        "changes": changes.collect::<Vec<_>>(),
    })
}

/// Bounds on what is shown of a check.
const MOST_OBSERVATIONS: usize = 60;
const MOST_CHANGES: usize = 20;

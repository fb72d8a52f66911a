//! Every circuit breaker of the process, as entries of the reports.

use crate::health::{
    report::CheckReport,
    status::{Criticality, Status},
};
use crate::{
    breaker::{CircuitBreaker, CircuitState, Snapshot, circuit_breakers},
    error::redact,
    guarded::guarded_functions,
    panics,
    time::Timestamp,
};
use serde_json::Map;
use std::{collections::HashMap, sync::OnceLock};

/// The entries of all breakers, those that do not let every call through first, and of those the
/// most critical ones, for what is cut off counts for nothing; read from memory.
pub(crate) fn reports(
    criticalities: &HashMap<String, Criticality>,
    now: Timestamp,
) -> Vec<CheckReport> {
    let criticality = |name: &str| criticalities.get(name).copied().unwrap_or_default();
    let rank = |name: &str, may_reject: bool| match criticality(name) {
        _ if !may_reject => 3,
        Criticality::Critical => 0,
        Criticality::Important => 1,
        Criticality::Informational => 2,
    };
    let first = circuit_breakers().first_by(MOST, rank);
    let snapshots = first.iter().map(CircuitBreaker::snapshot);
    snapshots
        .map(|snapshot| report(&snapshot, criticality(&snapshot.name), now))
        .collect()
}

/// The entry of one breaker, however many there are.
pub(crate) fn entry(
    criticalities: &HashMap<String, Criticality>,
    name: &str,
    now: Timestamp,
) -> Option<CheckReport> {
    let snapshot = circuit_breakers().get(name)?.snapshot();
    Some(report(
        &snapshot,
        criticalities.get(name).copied().unwrap_or_default(),
        now,
    ))
}

/// The name of a breaker's entry. No check can have it: names of checks have no colon.
pub(crate) fn entry_name(breaker: &str) -> String {
    format!("breaker:{breaker}")
}

fn is_calm(snapshot: &Snapshot) -> bool {
    matches!(
        snapshot.state,
        CircuitState::Closed | CircuitState::Disabled
    )
}

fn report(snapshot: &Snapshot, criticality: Criticality, now: Timestamp) -> CheckReport {
    let status = match snapshot.state {
        _ if is_calm(snapshot) => Status::Pass,
        CircuitState::Open | CircuitState::ForcedOpen if criticality == Criticality::Critical => {
            Status::Fail
        }
        _ => Status::Warn,
    };
    let state = snapshot.state.name();
    let mut details = Map::new();
    details.insert("state".into(), state.into());
    details.insert(
        "since".into(),
        Timestamp::from(snapshot.since).to_string().into(),
    );
    details.insert("failures".into(), snapshot.counts.failure.into());
    details.insert("rejected".into(), snapshot.counts.rejected.into());
    if let Some(functions) = endpoints().get(&snapshot.name) {
        details.insert("affectedEndpoints".into(), functions.clone().into());
    }
    let cause = snapshot
        .last_failure
        .as_ref()
        .and_then(|last| last.cause.clone());
    let output = (!is_calm(snapshot)).then(|| match cause {
        Some(cause) => format!(
            "the circuit is {state} since {}: {cause}",
            Timestamp::from(snapshot.since)
        ),
        None => format!(
            "the circuit is {state} since {}",
            Timestamp::from(snapshot.since)
        ),
    });
    CheckReport {
        group: Some("circuit-breaker".into()),
        output,
        details,
        retry_after: snapshot.remaining.filter(|_| !is_calm(snapshot)),
        last_failure: snapshot.last_failure.as_ref().map(|last| last.at.into()),
        consecutive_failures: snapshot.consecutive_failures,
        ..CheckReport::from_memory(
            entry_name(&redact::name(&snapshot.name)),
            status,
            criticality,
            now,
        )
    }
}

/// The functions that each breaker guards by attribute, by its name; the list was made when the
/// program was linked.
fn endpoints() -> &'static HashMap<String, Vec<String>> {
    static ENDPOINTS: OnceLock<HashMap<String, Vec<String>>> = OnceLock::new();
    ENDPOINTS.get_or_init(|| {
        let mut functions: HashMap<String, Vec<String>> = HashMap::new();
        for function in guarded_functions() {
            // Settings may be computed by code of the user's, which may panic.
            if let Ok(Some(Ok((breaker, _)))) = panics::catch(|| function.breaker()) {
                let name = format!("{}::{}", function.module_path(), function.name());
                functions.entry(breaker).or_default().push(name);
            }
        }
        functions
    })
}

/// A program with a breaker for each of its clients must not drown its probes in them.
const MOST: usize = 200;

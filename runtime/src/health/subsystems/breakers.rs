//! Report entries of the circuit breakers of the process.

use crate::health::{
    report::{CheckReport, fields},
    status::{Criticality, Status},
};
use crate::{
    breaker::{BreakerSnapshot, CircuitBreaker, CircuitState, circuit_breakers},
    error::redact,
    guarded::guarded_functions,
    panics,
    time::Timestamp,
};
use serde_json::json;
use std::{collections::HashMap, sync::OnceLock};

/// Returns the entries of the first 200 breakers. Those that may reject calls come first, the most
/// critical ones before the others, since an entry that is left out counts for nothing.
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
    let first = circuit_breakers().first_by(MOST_ENTRIES, rank);
    let snapshots = first.iter().map(CircuitBreaker::snapshot);
    snapshots
        .map(|snapshot| report_of(&snapshot, criticality(&snapshot.name), now))
        .collect()
}

/// Returns the entry of one breaker, however many there are.
pub(crate) fn report(
    criticalities: &HashMap<String, Criticality>,
    name: &str,
    now: Timestamp,
) -> Option<CheckReport> {
    let snapshot = circuit_breakers().get(name)?.snapshot();
    Some(report_of(
        &snapshot,
        criticalities.get(name).copied().unwrap_or_default(),
        now,
    ))
}

/// What the names of entries begin with. No check has such a name: names of checks have no colon.
const PREFIX: &str = "breaker:";

/// Returns the name of the breaker of an entry.
pub(crate) fn breaker_of_entry(name: &str) -> Option<&str> {
    name.strip_prefix(PREFIX)
}

/// Returns `true` if there is a breaker with an entry of this name.
pub(crate) fn is_entry(name: &str) -> bool {
    breaker_of_entry(name).is_some_and(|breaker| circuit_breakers().get(breaker).is_some())
}

fn admits_every_call(snapshot: &BreakerSnapshot) -> bool {
    matches!(
        snapshot.state,
        CircuitState::Closed | CircuitState::Disabled
    )
}

fn report_of(snapshot: &BreakerSnapshot, criticality: Criticality, now: Timestamp) -> CheckReport {
    let status = match snapshot.state {
        _ if admits_every_call(snapshot) => Status::Pass,
        CircuitState::Open | CircuitState::ForcedOpen if criticality == Criticality::Critical => {
            Status::Fail
        }
        _ => Status::Warn,
    };
    let (state, since) = (snapshot.state.name(), Timestamp::from(snapshot.since));
    let details = json!({
        "state": state,
        "since": since,
        "failures": snapshot.counts.failure,
        "rejected": snapshot.counts.rejected,
        "affectedEndpoints": endpoints().get(&snapshot.name),
    });
    let last_failure = snapshot.last_failure.as_ref();
    let output = (!admits_every_call(snapshot)).then(|| {
        let cause = last_failure.and_then(|last| last.cause.as_ref());
        let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("the circuit is {state} since {since}{cause}")
    });
    CheckReport {
        group: Some("circuit-breaker".into()),
        output,
        details: fields(details),
        retry_after: snapshot.remaining.filter(|_| !admits_every_call(snapshot)),
        last_failure: last_failure.map(|last| last.at.into()),
        consecutive_failures: snapshot.consecutive_failures,
        ..CheckReport::from_memory(
            format!("{PREFIX}{}", redact::name(&snapshot.name)),
            status,
            criticality,
            now,
        )
    }
}

/// Returns the functions that each breaker guards by attribute, by the name of the breaker. The
/// list was made when the program was linked.
fn endpoints() -> &'static HashMap<String, Vec<String>> {
    static ENDPOINTS: OnceLock<HashMap<String, Vec<String>>> = OnceLock::new();
    ENDPOINTS.get_or_init(|| {
        let mut functions: HashMap<String, Vec<String>> = HashMap::new();
        for function in guarded_functions() {
            // The user's code may compute settings, and panic.
            if let Ok(Some(Ok((breaker, _)))) = panics::catch(|| function.breaker()) {
                let name = format!("{}::{}", function.module_path(), function.name());
                functions.entry(breaker).or_default().push(name);
            }
        }
        functions
    })
}

/// Bound on the entries: a program may have a breaker for each of its clients.
const MOST_ENTRIES: usize = 200;

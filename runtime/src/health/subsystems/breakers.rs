//! Report entries of the circuit breakers of the process.

use crate::health::{
    report::{CheckReport, fields},
    status::{Criticality, Status},
};
use crate::{
    breaker::{BreakerSnapshot, CircuitBreaker, CircuitState, circuit_breakers},
    error::redact,
    guarded::guarded_functions,
    keyed::Keyed,
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
    let mut keyed: HashMap<String, Keyed<CircuitBreaker>> = circuit_breakers()
        .all_keyed()
        .into_iter()
        .map(|keyed| (keyed.name().to_owned(), keyed))
        .collect();
    let mut reports: Vec<_> = first
        .iter()
        .map(|breaker| {
            let report = report_of(&breaker.snapshot(), criticality(breaker.name()), now);
            match keyed.remove(breaker.name()) {
                Some(keyed) => with_keys(report, &keyed, now),
                None => report,
            }
        })
        .collect();
    let mut keyed: Vec<_> = keyed.into_values().collect();
    keyed.sort_by(|a, b| a.name().cmp(b.name()));
    let of_keys = keyed
        .iter()
        .map(|keyed| report_of_keys(keyed, criticality(keyed.name()), now));
    reports.extend(of_keys.take(MOST_ENTRIES));
    reports
}

/// Returns the entry of one breaker, however many there are.
pub(crate) fn report(
    criticalities: &HashMap<String, Criticality>,
    name: &str,
    now: Timestamp,
) -> Option<CheckReport> {
    let criticality = criticalities.get(name).copied().unwrap_or_default();
    let breaker = circuit_breakers().get(name);
    let report = breaker.map(|breaker| report_of(&breaker.snapshot(), criticality, now));
    match (report, circuit_breakers().get_keyed(name)) {
        (Some(report), Some(keyed)) => Some(with_keys(report, &keyed, now)),
        (report, None) => report,
        (None, Some(keyed)) => Some(report_of_keys(&keyed, criticality, now)),
    }
}

/// What the names of entries begin with. No check has such a name: names of checks have no colon.
const PREFIX: &str = "breaker:";

/// Returns the name of the breaker of an entry.
pub(crate) fn breaker_of_entry(name: &str) -> Option<&str> {
    name.strip_prefix(PREFIX)
}

/// Returns `true` if there is a breaker with an entry of this name.
pub(crate) fn is_entry(name: &str) -> bool {
    breaker_of_entry(name).is_some_and(|breaker| {
        circuit_breakers().get(breaker).is_some() || circuit_breakers().get_keyed(breaker).is_some()
    })
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

/// Returns the one entry of all breakers by key of a name.
///
/// A circuit that is open for one key is a warning, however critical the breaker is: the program
/// serves the other keys. Only where none of them is closed is the program without the service.
fn report_of_keys(
    keyed: &Keyed<CircuitBreaker>,
    criticality: Criticality,
    now: Timestamp,
) -> CheckReport {
    let (all, open) = keyed.rejecting();
    let status = match open {
        0 => Status::Pass,
        open if open == all && criticality == Criticality::Critical => Status::Fail,
        _ => Status::Warn,
    };
    let details = json!({
        "keys": all,
        "openKeys": open,
        "affectedEndpoints": endpoints().get(keyed.name()),
    });
    CheckReport {
        group: Some("circuit-breaker".into()),
        output: output_of_keys(all, open),
        details: fields(details),
        ..CheckReport::from_memory(
            format!("{PREFIX}{}", redact::name(keyed.name())),
            status,
            criticality,
            now,
        )
    }
}

fn output_of_keys(all: usize, open: usize) -> Option<String> {
    (open > 0).then(|| format!("the circuits of {open} of {all} keys are not closed"))
}

/// Adds the breakers by key to the entry of a breaker without keys that has the same name.
fn with_keys(
    mut report: CheckReport,
    keyed: &Keyed<CircuitBreaker>,
    now: Timestamp,
) -> CheckReport {
    let of_keys = report_of_keys(keyed, report.criticality, now);
    report.status = report.status.max(of_keys.status);
    report.output = match (report.output, of_keys.output) {
        (Some(one), Some(keys)) => Some(format!("{one}; {keys}")),
        (one, keys) => one.or(keys),
    };
    report.details.extend(of_keys.details);
    report
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

//! Report entry of fault injection.

use crate::{
    chaos::{self, RuleStatus},
    error::redact,
    event::text,
    health::{
        report::{CheckReport, fields},
        status::{Criticality, Status},
    },
    time::Timestamp,
};
use serde_json::json;

/// The name of the entry. No check has such a name: names of checks have no colon.
pub(crate) const NAME: &str = "chaos:rules";

/// Returns the entry of fault injection while any rule is on: a warning.
pub(crate) fn report(now: Timestamp) -> Option<CheckReport> {
    let rules = chaos::active();
    if rules.is_empty() {
        return None;
    }
    let names: Vec<_> = rules.iter().map(|rule| redact::name(rule.name())).collect();
    let output = format!("faults are injected into calls of {}", names.join(", "));
    let sum = |count: fn(&RuleStatus) -> u64| rules.iter().map(count).sum::<u64>();
    let details = json!({
        "rules": rules.len(),
        "calls": sum(|rule| rule.calls),
        "injected": sum(|rule| rule.injected.total()),
    });
    Some(CheckReport {
        group: Some("chaos".into()),
        output: Some(text::for_sink(&output, MAX_OUTPUT)),
        details: fields(details),
        ..CheckReport::from_memory(NAME.to_owned(), Status::Warn, Criticality::Important, now)
    })
}

const MAX_OUTPUT: usize = 512;

//! Errors: totals, groups with their last record, and the journal.

use super::records;
use crate::sample::{Entries, fields};
use gardefou::{
    event::{Fingerprint, Record},
    monitor::{MonitorSnapshot, Rates, error_monitor},
    time::Timestamp,
};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Returns what is known of all errors together.
pub(super) fn totals(monitor: &MonitorSnapshot) -> Value {
    let levels = &monitor.levels;
    let codes = monitor.codes.iter().map(|code| {
        json!({
            "name": code.name,
            "number": code.number,
            "http_status": code.http_status,
            "count": code.count,
            "rates": rates(code.rates),
        })
    });
    json!({
        "since": monitor.since.as_unix_millis(),
        "total": monitor.total_errors,
        "rates": rates(monitor.rates),
        "levels": {
            "critical": levels.critical,
            "error": levels.error,
            "warning": levels.warning,
            "info": levels.info,
        },
        "codes": codes.collect::<Vec<_>>(),
    })
}

fn rates(rates: Rates) -> Value {
    json!({
        "last_minute": rates.last_minute,
        "last_hour": rates.last_hour,
        "last_day": rates.last_day,
    })
}

/// Returns the groups that were seen last, each with the message and the causes of its last record.
pub(super) fn groups(monitor: &MonitorSnapshot) -> Entries {
    let mut newest: HashMap<Fingerprint, &Record> = HashMap::new();
    for record in &monitor.recent_errors {
        let known = newest.entry(record.fingerprint).or_insert(record);
        if record.timestamp >= known.timestamp {
            *known = record;
        }
    }
    let mut groups: Vec<_> = monitor.groups.iter().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.last_seen));
    let entries = groups.into_iter().take(MOST_GROUPS).map(|group| {
        let last = newest.get(&group.fingerprint);
        let entry = json!({
            "code": group.error_code,
            "operation": group.operation,
            "component": group.component,
            "count": group.count,
            "level": group.level.name(),
            "first_seen": group.first_seen.as_unix_millis(),
            "last_seen": group.last_seen.as_unix_millis(),
            "last_id": group.last_id.map(|id| id.to_string()),
            "message": last.map(|record| &record.message),
            "chain": last.map(|record| &record.chain),
        });
        (group.fingerprint.to_string(), fields(entry))
    });
    entries.collect()
}

/// Returns the last records of each group that are in memory, for a page that cannot ask for them.
pub(crate) fn records_of_groups() -> Map<String, Value> {
    let mut recent = error_monitor().snapshot().recent_errors;
    recent.sort_by_key(|record| std::cmp::Reverse(record.timestamp));
    let mut groups: Map<String, Value> = Map::new();
    for record in &recent {
        let key = record.fingerprint.to_string();
        let list = groups.entry(key).or_insert_with(|| json!([]));
        if let Value::Array(list) = list
            && list.len() < RECORDS_OF_A_GROUP
        {
            list.push(records::to_json(record));
        }
    }
    groups
}

/// Returns the status of the journal; null where there is none.
pub(super) fn journal() -> Value {
    let Some(status) = error_monitor().journal_status() else {
        return Value::Null;
    };
    json!({
        "healthy": status.is_healthy(),
        "written": status.written,
        "waiting": status.waiting,
        "failed": status.failed,
        "lost": status.lost,
        "failing_since": status.failing_since.map(Timestamp::as_unix_millis),
        "last_error": status.last_error,
    })
}

/// Bound on the groups of a sample.
const MOST_GROUPS: usize = 200;

/// Bound on the records of each group in a file.
const RECORDS_OF_A_GROUP: usize = 5;

//! Statistics and snapshots of a monitor: copies that no longer change.

use super::{
    recent::RecentError,
    retries::{self, RetryRow, RetrySnapshot},
    serialize::serialize_fields,
    table::Table,
    tables::{CountRow, ErrorTables, GroupRow},
    window::{Buckets, Rates},
};
use crate::{
    error::{ErrorCode, ErrorId},
    event::{Fingerprint, Record, Severity},
    time::{Tick, Timestamp},
};
use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

/// The statistics of a monitor that most programs need.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, monitor::{ErrorMonitor, MonitorConfig}};
///
/// let monitor = ErrorMonitor::new(MonitorConfig::default());
/// monitor.record(&AppError::new(ErrorCode::TIMEOUT_ERROR, "the archive did not answer"));
/// let stats = monitor.stats();
/// assert_eq!(stats.total_errors, 1);
/// assert_eq!(stats.error_counts["TIMEOUT_ERROR"], 1);
/// assert_eq!(stats.error_rates["TIMEOUT_ERROR"], 1.0);
/// assert_eq!(stats.recent_errors[0].message, "the archive did not answer");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ErrorStats {
    /// All errors since the start or the last `clear`, also those that are no longer kept.
    pub total_errors: u64,
    /// Errors per name of code, since the start or the last `clear`; codes without a row of their
    /// own under `_OTHER`.
    pub error_counts: BTreeMap<String, u64>,
    /// Errors per hour and name of code: those of the last 60 minutes, computed now.
    pub error_rates: BTreeMap<String, f64>,
    /// The errors that are still kept, oldest first.
    pub recent_errors: Vec<Record>,
}

serialize_fields!(ErrorStats {
    total_errors,
    error_counts,
    error_rates,
    recent_errors
});

/// A full snapshot of a monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MonitorSnapshot {
    /// When it was taken.
    pub taken_at: Timestamp,
    /// When counting began: at the start or the last `clear`.
    pub since: Timestamp,
    /// All errors since then.
    pub total_errors: u64,
    /// How many of them are still kept with their texts.
    pub retained: usize,
    /// Errors of the last minute, hour and day.
    pub rates: Rates,
    /// Errors by how urgent they are.
    pub levels: LevelCounts,
    /// Errors by code, the most frequent first; the sum of all counts is `total_errors`.
    pub codes: Vec<CodeSnapshot>,
    /// Errors by operation, the most frequent first; the sum of all counts is `total_errors`.
    pub operations: Vec<OperationSnapshot>,
    /// Errors by group, the most frequent first; the sum of all counts is `total_errors`.
    pub groups: Vec<GroupSnapshot>,
    /// Calls through retries, by name and by how they ended; those that succeeded late are no
    /// errors.
    pub retries: Vec<RetrySnapshot>,
    /// The errors that are still kept, oldest first.
    pub recent_errors: Vec<Record>,
}

serialize_fields!(MonitorSnapshot {
    taken_at,
    since,
    total_errors,
    retained,
    rates,
    levels,
    codes,
    operations,
    groups,
    retries,
    recent_errors,
});

serialize_fields!(Rates {
    last_minute,
    last_hour,
    last_day
});

/// Errors by how urgent they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LevelCounts {
    /// Worth knowing.
    pub info: u64,
    /// Worth watching.
    pub warning: u64,
    /// Something failed.
    pub error: u64,
    /// Needs attention now.
    pub critical: u64,
}

serialize_fields!(LevelCounts {
    info,
    warning,
    error,
    critical
});

/// The counts of one code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodeSnapshot {
    /// The code's name, or `_OTHER`.
    pub name: String,
    /// The code's number; absent for `_OTHER`.
    pub number: Option<u32>,
    /// The HTTP status that goes with it; absent for `_OTHER`.
    pub http_status: Option<u16>,
    /// How many errors had it.
    pub count: u64,
    /// How many in the last minute, hour and day.
    pub rates: Rates,
    /// When the last one was recorded.
    pub last_seen: Timestamp,
}

serialize_fields!(CodeSnapshot {
    name,
    number,
    http_status,
    count,
    rates,
    last_seen
});

/// The counts of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationSnapshot {
    /// The operation's name, or `_OTHER`.
    pub name: String,
    /// How many errors it reported.
    pub count: u64,
    /// How many in the last minute, hour and day.
    pub rates: Rates,
    /// When the last one was recorded.
    pub last_seen: Timestamp,
}

serialize_fields!(OperationSnapshot {
    name,
    count,
    rates,
    last_seen
});

/// The counts of one group of errors.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupSnapshot {
    /// What they have in common; [`Fingerprint::OTHER`] for groups without a row of their own.
    pub fingerprint: Fingerprint,
    /// The name of the first one's code.
    pub error_code: String,
    /// The operation that reported the first one.
    pub operation: String,
    /// The module of that operation.
    pub component: String,
    /// How many there were.
    pub count: u64,
    /// The most urgent level among them.
    pub level: Severity,
    /// When the first one was recorded.
    pub first_seen: Timestamp,
    /// When the last one was recorded.
    pub last_seen: Timestamp,
    /// The identity of the last one, by which the journal finds it.
    pub last_id: Option<ErrorId>,
}

serialize_fields!(GroupSnapshot {
    fingerprint,
    error_code,
    operation,
    component,
    count,
    level,
    first_seen,
    last_seen,
    last_id,
});

/// Iterates over the rows of a table that were written at all.
fn counted(table: &Table<CountRow>) -> impl Iterator<Item = &CountRow> {
    table
        .iter()
        .map(|(_, row)| row)
        .chain(Some(table.other()).filter(|row| row.count > 0))
}

/// What `stats` copies under the lock, where no text but the names is made.
pub(super) struct StatsParts {
    total: u64,
    codes: Vec<(Arc<str>, u64, u64)>,
    recent: Vec<Arc<RecentError>>,
}

impl StatsParts {
    pub(super) fn new(tables: &ErrorTables, recent: Vec<Arc<RecentError>>, now: Tick) -> Self {
        let at = Buckets::at(now);
        let codes = counted(&tables.codes)
            .map(|row| (row.name.clone(), row.count, row.windows.last_hour(at)));
        Self {
            total: tables.total,
            codes: codes.collect(),
            recent,
        }
    }

    pub(super) fn finish(self) -> ErrorStats {
        let mut stats = ErrorStats {
            total_errors: self.total,
            error_counts: BTreeMap::new(),
            error_rates: BTreeMap::new(),
            recent_errors: self.recent.iter().map(|entry| entry.to_record()).collect(),
        };
        for (name, count, last_hour) in self.codes {
            // Two codes with one name are one in the statistics.
            *stats.error_counts.entry(name.to_string()).or_default() += count;
            *stats.error_rates.entry(name.to_string()).or_default() += last_hour as f64;
        }
        stats
    }
}

/// What `snapshot` copies under the lock.
pub(super) struct SnapshotParts {
    since: Timestamp,
    total: u64,
    by_level: [u64; 4],
    rates: Rates,
    codes: Vec<(CountRow, Rates)>,
    operations: Vec<(CountRow, Rates)>,
    groups: Vec<(Fingerprint, GroupRow)>,
    retries: Vec<RetryRow>,
    recent: Vec<Arc<RecentError>>,
}

impl SnapshotParts {
    pub(super) fn new(tables: &ErrorTables, recent: Vec<Arc<RecentError>>, now: Tick) -> Self {
        let at = Buckets::at(now);
        let rows = |table| {
            counted(table)
                .map(|row| (row.clone(), row.windows.rates(at)))
                .collect()
        };
        let other = tables.groups.other();
        let overflow = (other.count > 0).then(|| (Fingerprint::OTHER, other.clone()));
        let groups = tables
            .groups
            .iter()
            .map(|(key, group)| (Fingerprint::from_u64(key), group.clone()));
        Self {
            since: tables.since,
            total: tables.total,
            by_level: tables.by_level,
            rates: tables.windows.rates(at),
            codes: rows(&tables.codes),
            operations: rows(&tables.operations),
            groups: groups.chain(overflow).collect(),
            retries: retries::rows(&tables.retries),
            recent,
        }
    }

    pub(super) fn finish(self, taken_at: Timestamp) -> MonitorSnapshot {
        let [info, warning, error, critical] = self.by_level;
        let mut groups: Vec<GroupSnapshot> = self.groups.into_iter().map(group_snapshot).collect();
        groups.sort_by_key(|group| (Reverse(group.count), group.fingerprint));
        MonitorSnapshot {
            taken_at,
            since: self.since,
            total_errors: self.total,
            retained: self.recent.len(),
            rates: self.rates,
            levels: LevelCounts {
                info,
                warning,
                error,
                critical,
            },
            codes: most_frequent_first(self.codes).map(code_snapshot).collect(),
            operations: most_frequent_first(self.operations)
                .map(operation_snapshot)
                .collect(),
            groups,
            retries: retries::snapshots(self.retries),
            recent_errors: self.recent.iter().map(|entry| entry.to_record()).collect(),
        }
    }
}

fn most_frequent_first(
    mut rows: Vec<(CountRow, Rates)>,
) -> impl Iterator<Item = (CountRow, Rates)> {
    rows.sort_by(|(a, _), (b, _)| (Reverse(a.count), &a.name).cmp(&(Reverse(b.count), &b.name)));
    rows.into_iter()
}

fn code_snapshot((row, rates): (CountRow, Rates)) -> CodeSnapshot {
    CodeSnapshot {
        name: row.name.to_string(),
        number: row.code.map(ErrorCode::number),
        http_status: row.code.map(ErrorCode::http_status),
        count: row.count,
        rates,
        last_seen: row.last_seen,
    }
}

fn operation_snapshot((row, rates): (CountRow, Rates)) -> OperationSnapshot {
    OperationSnapshot {
        name: row.name.to_string(),
        count: row.count,
        rates,
        last_seen: row.last_seen,
    }
}

fn group_snapshot((fingerprint, group): (Fingerprint, GroupRow)) -> GroupSnapshot {
    GroupSnapshot {
        fingerprint,
        error_code: group.code.to_string(),
        operation: group.operation.to_string(),
        component: group.component.to_string(),
        count: group.count,
        level: group.level,
        first_seen: group.first_seen,
        last_seen: group.last_seen,
        last_id: group.last_id,
    }
}

//! The tables of a monitor, which count in constant time per error: no clock, no lock, no foreign
//! code.

use super::{
    batch::{Delta, Moment},
    config::MonitorConfig,
    retries::{self, Retries},
    table::{OTHER, Row, Table},
    window::Windows,
};
use crate::{
    error::{ErrorCode, ErrorId},
    event::{Severity, record::MAX_NAME, text},
    time::{Tick, Timestamp},
};
use std::sync::Arc;

/// The counts of a monitor: in all, by code, operation and group, and of retries.
#[derive(Debug)]
pub(super) struct ErrorTables {
    pub(super) since: Timestamp,
    pub(super) total: u64,
    /// Indexed by the level's number.
    pub(super) by_level: [u64; 4],
    pub(super) windows: Windows,
    pub(super) codes: Table<CountRow>,
    pub(super) operations: Table<CountRow>,
    pub(super) groups: Table<GroupRow>,
    pub(super) retries: Retries,
}

/// The row of a code or an operation.
#[derive(Clone, Debug)]
pub(super) struct CountRow {
    pub(super) name: Arc<str>,
    pub(super) code: Option<ErrorCode>,
    pub(super) count: u64,
    /// By the number of the level; the sum is `count`.
    pub(super) by_level: [u64; 4],
    pub(super) windows: Windows,
    pub(super) last_seen: Timestamp,
    last: Moment,
}

/// The row of a group: errors that are the same problem.
#[derive(Clone, Debug)]
pub(super) struct GroupRow {
    pub(super) code: Arc<str>,
    pub(super) operation: Arc<str>,
    pub(super) component: Arc<str>,
    pub(super) count: u64,
    pub(super) level: Severity,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
    pub(super) last_id: Option<ErrorId>,
    first: Moment,
    last: Moment,
}

impl ErrorTables {
    pub(super) fn boxed_at(config: &MonitorConfig, timestamp: Timestamp) -> Box<Self> {
        let other = || CountRow::new(OTHER.into(), None, timestamp);
        Box::new(Self {
            since: timestamp,
            total: 0,
            by_level: [0; 4],
            windows: Windows::new(),
            codes: Table::new(config.max_codes, other()),
            operations: Table::new(config.max_operations, other()),
            groups: Table::for_heavy_hitters(config.max_groups, GroupRow::other(timestamp)),
            retries: retries::retries_at(config.max_operations, timestamp),
        })
    }

    /// Counts errors that a shard counted before. Shards come in any order, so that the moment of
    /// an error decides which one is the latest.
    pub(super) fn add(&mut self, delta: &Delta) {
        let (count, now) = (delta.count(), delta.last.0.tick);
        self.total += count;
        add_levels(&mut self.by_level, delta.by_level);
        self.windows.add_many(delta.at, count);

        let Delta {
            fingerprint,
            code,
            code_key,
            operation_key,
            ..
        } = *delta;
        let new_code = || CountRow::new(name(code.name()), Some(code), delta.last.1);
        self.codes
            .row_at(code_key, count, now, new_code)
            .add(delta, count);
        let new_operation = || CountRow::new(Arc::clone(&delta.operation), None, delta.last.1);
        self.operations
            .row_at(operation_key, count, now, new_operation)
            .add(delta, count);
        let new_group = || GroupRow::new(name(code.name()), delta);
        self.groups
            .row_at(fingerprint.as_u64(), count, now, new_group)
            .add(delta, count);
    }

    pub(super) fn limit(&mut self, config: &MonitorConfig) {
        self.codes.set_capacity(config.max_codes);
        self.operations.set_capacity(config.max_operations);
        self.groups.set_capacity(config.max_groups);
        self.retries.set_capacity(config.max_operations);
    }
}

/// Returns a name for sinks; made once per row.
fn name(raw: &str) -> Arc<str> {
    text::for_sink(&raw, MAX_NAME).into()
}

fn add_levels(sums: &mut [u64; 4], more: [u64; 4]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
}

impl CountRow {
    fn new(name: Arc<str>, code: Option<ErrorCode>, last_seen: Timestamp) -> Self {
        Self {
            name,
            code,
            count: 0,
            by_level: [0; 4],
            windows: Windows::new(),
            last_seen,
            last: Moment::START,
        }
    }

    fn add(&mut self, delta: &Delta, count: u64) {
        self.count += count;
        add_levels(&mut self.by_level, delta.by_level);
        self.windows.add_many(delta.at, count);
        if delta.last.0 >= self.last {
            (self.last, self.last_seen) = delta.last;
        }
    }
}

impl Row for CountRow {
    fn last_seen(&self) -> Tick {
        self.last.tick
    }

    fn absorb(&mut self, idle: &Self) {
        self.count += idle.count;
        add_levels(&mut self.by_level, idle.by_level);
        self.windows.merge(&idle.windows);
        self.last_seen = self.last_seen.max(idle.last_seen);
        self.last = self.last.max(idle.last);
    }

    fn count(&self) -> u64 {
        self.count
    }
}

impl GroupRow {
    fn new(code: Arc<str>, delta: &Delta) -> Self {
        Self {
            code,
            operation: Arc::clone(&delta.operation),
            component: Arc::clone(&delta.component),
            count: 0,
            level: Severity::Info,
            first_seen: delta.first.1,
            last_seen: delta.last.1,
            last_id: None,
            first: delta.first.0,
            last: Moment::START,
        }
    }

    fn other(timestamp: Timestamp) -> Self {
        Self {
            code: OTHER.into(),
            operation: OTHER.into(),
            component: OTHER.into(),
            count: 0,
            level: Severity::Info,
            first_seen: timestamp,
            last_seen: timestamp,
            last_id: None,
            first: Moment::START,
            last: Moment::START,
        }
    }

    fn add(&mut self, delta: &Delta, count: u64) {
        self.count += count;
        self.level = self.level.max(delta.level);
        if delta.last.0 >= self.last {
            (self.last, self.last_seen) = delta.last;
            self.last_id = Some(delta.last_id);
        }
        // Another shard held an earlier error of the group.
        if delta.first.0 < self.first {
            (self.first, self.first_seen) = delta.first;
            self.code = name(delta.code.name());
            self.operation = Arc::clone(&delta.operation);
            self.component = Arc::clone(&delta.component);
        }
    }
}

impl Row for GroupRow {
    fn last_seen(&self) -> Tick {
        self.last.tick
    }

    fn absorb(&mut self, idle: &Self) {
        self.count += idle.count;
        self.level = self.level.max(idle.level);
        self.first_seen = self.first_seen.min(idle.first_seen);
        self.last_seen = self.last_seen.max(idle.last_seen);
    }

    fn count(&self) -> u64 {
        self.count
    }
}

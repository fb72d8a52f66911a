//! What is counted and kept, in constant time per error: no clock, no lock, no foreign code.

use super::{
    ErrorContext, Fingerprint, MonitorConfig, OTHER,
    fingerprint::key_of,
    recent::{Entry, Evicted, Recent, Texts},
    record::MAX_NAME,
    retries::{self, Retries},
    table::{Row, Table},
    window::{Buckets, Windows},
};
use crate::{
    ErrorCode,
    error::ErrorId,
    event::{AlertLevel, ErrorEvent, text},
    time::{Tick, Timestamp},
};
use std::sync::Arc;

/// An error on its way into the state.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    pub(super) event: &'a ErrorEvent<'a>,
    pub(super) now: Tick,
    pub(super) timestamp: Timestamp,
    pub(super) fingerprint: Fingerprint,
    pub(super) texts: Texts,
    pub(super) context: Option<Box<ErrorContext>>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) since: Timestamp,
    pub(super) total: u64,
    /// Indexed by the level's number.
    pub(super) by_level: [u64; 4],
    pub(super) windows: Windows,
    pub(super) codes: Table<Counted>,
    pub(super) operations: Table<Counted>,
    pub(super) groups: Table<Group>,
    pub(super) retries: Retries,
    pub(super) recent: Recent,
}

/// A code or an operation.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) name: Arc<str>,
    pub(super) code: Option<ErrorCode>,
    pub(super) count: u64,
    pub(super) windows: Windows,
    pub(super) last_seen: Timestamp,
    last_tick: Tick,
}

/// Errors that are the same problem.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) code: Arc<str>,
    pub(super) operation: Arc<str>,
    pub(super) component: Arc<str>,
    pub(super) count: u64,
    pub(super) level: AlertLevel,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
    pub(super) last_id: Option<ErrorId>,
    last_tick: Tick,
}

impl State {
    pub(super) fn new_at(config: &MonitorConfig, timestamp: Timestamp) -> Self {
        let other = || Counted::new(OTHER.into(), None, timestamp);
        Self {
            since: timestamp,
            total: 0,
            by_level: [0; 4],
            windows: Windows::new(),
            codes: Table::new(config.max_codes, other()),
            operations: Table::new(config.max_operations, other()),
            groups: Table::for_the_top(config.max_groups, Group::other(timestamp)),
            retries: retries::retries_at(config.max_operations, timestamp),
            recent: Recent::new(config.recent_events, config.recent_bytes),
        }
    }

    /// Counts an error, then keeps it among the recent ones; returns what had to make room.
    pub(super) fn record(&mut self, arrival: Arrival<'_>) -> Evicted {
        let Arrival { event, now, timestamp, fingerprint, texts, context } = arrival;
        let at = Buckets::of(now);
        self.total += 1;
        self.by_level[event.level as usize] += 1;
        self.windows.add(at);

        let code_name = event.code.name();
        let new_code = || Counted::new(name(code_name), Some(event.code), timestamp);
        let code = self.codes.row_at(key_of(code_name), now, new_code);
        code.count_at(now, at, timestamp);
        let code_name = Arc::clone(&code.name);

        let new_operation = || Counted::new(name(event.operation), None, timestamp);
        let operation = self.operations.row_at(key_of(event.operation), now, new_operation);
        operation.count_at(now, at, timestamp);
        let operation = if &*operation.name == OTHER { name(event.operation) } else { Arc::clone(&operation.name) };

        let new_group = || Group::new(code_name, Arc::clone(&operation), name(event.component), timestamp);
        let group = self.groups.row_at(fingerprint.as_u64(), now, new_group);
        group.count(event, now, timestamp);
        let component = if &*group.code == OTHER { name(event.component) } else { Arc::clone(&group.component) };

        self.recent.push(Entry {
            number: self.recent.next_number(),
            timestamp,
            id: event.id,
            code: event.code,
            level: event.level,
            operation,
            component,
            location: event.location,
            elapsed: event.elapsed,
            fingerprint,
            texts,
            context,
        })
    }

    pub(super) fn limit(&mut self, config: &MonitorConfig) {
        self.codes.set_capacity(config.max_codes);
        self.operations.set_capacity(config.max_operations);
        self.groups.set_capacity(config.max_groups);
        self.retries.set_capacity(config.max_operations);
        self.recent.limit(config.recent_events, config.recent_bytes);
    }
}

/// A name as sinks may have it; made once per row.
fn name(raw: &str) -> Arc<str> {
    text::for_sink(&raw, MAX_NAME).into()
}

impl Counted {
    fn new(name: Arc<str>, code: Option<ErrorCode>, last_seen: Timestamp) -> Self {
        Self { name, code, count: 0, windows: Windows::new(), last_seen, last_tick: Tick::ZERO }
    }

    fn count_at(&mut self, now: Tick, at: Buckets, timestamp: Timestamp) {
        self.count += 1;
        self.windows.add(at);
        self.last_seen = timestamp;
        self.last_tick = now;
    }
}

impl Row for Counted {
    fn last_seen(&self) -> Tick {
        self.last_tick
    }

    fn absorb(&mut self, idle: &Self) {
        self.count += idle.count;
        self.windows.merge(&idle.windows);
        self.last_seen = self.last_seen.max(idle.last_seen);
        self.last_tick = self.last_tick.max(idle.last_tick);
    }

    fn count(&self) -> u64 {
        self.count
    }
}

impl Group {
    fn new(code: Arc<str>, operation: Arc<str>, component: Arc<str>, timestamp: Timestamp) -> Self {
        Self {
            code,
            operation,
            component,
            count: 0,
            level: AlertLevel::Info,
            first_seen: timestamp,
            last_seen: timestamp,
            last_id: None,
            last_tick: Tick::ZERO,
        }
    }

    fn other(timestamp: Timestamp) -> Self {
        Self::new(OTHER.into(), OTHER.into(), OTHER.into(), timestamp)
    }

    fn count(&mut self, event: &ErrorEvent<'_>, now: Tick, timestamp: Timestamp) {
        self.count += 1;
        self.level = self.level.max(event.level);
        self.last_seen = timestamp;
        self.last_id = Some(event.id);
        self.last_tick = now;
    }
}

impl Row for Group {
    fn last_seen(&self) -> Tick {
        self.last_tick
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

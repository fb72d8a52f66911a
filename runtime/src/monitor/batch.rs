//! Batches: counts of one shard that the tables have not taken yet.

use super::window::Buckets;
use crate::{
    error::{ErrorCode, ErrorId},
    event::{
        ErrorEvent, Fingerprint, Severity,
        record::{MAX_NAME, fingerprint::key_of},
        text,
    },
    time::{Tick, Timestamp},
};
use std::sync::Arc;

/// A moment of a monitor, in the order in which errors are shown: by the clock, and where that
/// stands still by a number that grows along every thread and within every shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) tick: Tick,
    pub(super) number: u64,
}

impl Moment {
    /// The moment before every error.
    pub(super) const START: Self = Self {
        tick: Tick::ZERO,
        number: 0,
    };
}

/// Errors that count in the same rows and buckets.
#[derive(Debug)]
pub(super) struct Delta {
    pub(super) fingerprint: Fingerprint,
    pub(super) at: Buckets,
    pub(super) code: ErrorCode,
    /// The keys of their rows.
    pub(super) code_key: u64,
    pub(super) operation_key: u64,
    /// The names, redacted and bounded.
    pub(super) operation: Arc<str>,
    pub(super) component: Arc<str>,
    /// Indexed by the level's number.
    pub(super) by_level: [u64; 4],
    /// The level of the most urgent one.
    pub(super) level: Severity,
    pub(super) first: (Moment, Timestamp),
    pub(super) last: (Moment, Timestamp),
    pub(super) last_id: ErrorId,
}

/// The counts of one shard since the tables took the last ones.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// A hash of the group and second of each delta: a search that fails touches these alone.
    hashes: Vec<u64>,
    deltas: Vec<Delta>,
}

/// Searched from end to end for each record, and taken by the tables when it is full. Few programs
/// have so many different errors in one second.
const FULL: usize = if cfg!(loom) { 2 } else { 64 };

impl Delta {
    fn new(
        fingerprint: Fingerprint,
        event: &ErrorEvent<'_>,
        at: Buckets,
        moment: Moment,
        timestamp: Timestamp,
    ) -> Self {
        Self {
            fingerprint,
            at,
            code: event.code,
            code_key: key_of(event.code.name()),
            operation_key: key_of(event.operation),
            operation: text::for_sink(&event.operation, MAX_NAME).into(),
            component: text::for_sink(&event.component, MAX_NAME).into(),
            by_level: [0; 4],
            level: event.level,
            first: (moment, timestamp),
            last: (moment, timestamp),
            last_id: event.id,
        }
    }

    /// Returns `true` if an error counts in the same rows and buckets.
    fn is_of(&self, event: &ErrorEvent<'_>, fingerprint: Fingerprint, at: Buckets) -> bool {
        self.fingerprint == fingerprint
            && self.at.second() == at.second()
            // Two codes with one name share a row, but may have two deltas.
            && std::ptr::eq(self.code.name(), event.code.name())
            // The name differs from its form for sinks if it is long or odd. Comparing is faster
            // than hashing.
            && (*self.operation == *event.operation || self.operation_key == key_of(event.operation))
    }

    pub(super) fn count(&self) -> u64 {
        self.by_level.iter().sum()
    }
}

impl Batch {
    pub(super) fn is_full(&self) -> bool {
        self.deltas.len() >= FULL
    }

    /// Counts an error; returns the delta that it is counted in.
    pub(super) fn count(
        &mut self,
        event: &ErrorEvent<'_>,
        fingerprint: Fingerprint,
        at: Buckets,
        moment: Moment,
        timestamp: Timestamp,
    ) -> &Delta {
        // The fingerprint is a hash already.
        let hash = fingerprint.as_u64() ^ at.second().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let is_same = |(i, found): (usize, &u64)| {
            *found == hash && self.deltas[i].is_of(event, fingerprint, at)
        };
        // The latest first: errors come in bursts.
        let known = self
            .hashes
            .iter()
            .enumerate()
            .rev()
            .find_map(|it| is_same(it).then_some(it.0));
        let index = known.unwrap_or_else(|| {
            self.hashes.push(hash);
            self.deltas
                .push(Delta::new(fingerprint, event, at, moment, timestamp));
            self.deltas.len() - 1
        });
        let delta = &mut self.deltas[index];
        delta.by_level[event.level as usize] += 1;
        delta.level = delta.level.max(event.level);
        // A thread that shares the shard may have read the clock earlier.
        if moment >= delta.last.0 {
            delta.last = (moment, timestamp);
            delta.last_id = event.id;
        }
        if moment < delta.first.0 {
            delta.first = (moment, timestamp);
        }
        delta
    }

    /// Moves all counts out.
    pub(super) fn drain(&mut self) -> std::vec::Drain<'_, Delta> {
        self.hashes.clear();
        self.deltas.drain(..)
    }
}

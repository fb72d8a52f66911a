//! Counts of one shard that the tables have not taken yet.

use super::{Fingerprint, fingerprint::key_of, record::MAX_NAME, window::Buckets};
use crate::{
    ErrorCode,
    error::ErrorId,
    event::{AlertLevel, ErrorEvent, text},
    time::{Tick, Timestamp},
};
use std::sync::Arc;

/// A moment of a monitor, in the order in which errors are shown: by the clock, and where that stands still by a
/// number that grows along every thread and within every shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) tick: Tick,
    pub(super) number: u64,
}

impl Moment {
    /// Before every error.
    pub(super) const START: Self = Self { tick: Tick::ZERO, number: 0 };
}

/// What makes two errors count in the same rows and buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) fingerprint: Fingerprint,
    pub(super) code: u64,
    pub(super) operation: u64,
    second: u64,
}

/// Errors that count in the same rows and buckets.
#[derive(Debug)]
pub(super) struct Delta {
    pub(super) key: Key,
    pub(super) at: Buckets,
    pub(super) code: ErrorCode,
    /// The names as sinks may have them.
    pub(super) operation: Arc<str>,
    pub(super) component: Arc<str>,
    /// Indexed by the level's number.
    pub(super) by_level: [u64; 4],
    /// The most urgent of them.
    pub(super) level: AlertLevel,
    pub(super) first: (Moment, Timestamp),
    pub(super) last: (Moment, Timestamp),
    pub(super) last_id: ErrorId,
}

/// The counts of one shard since the tables took the last ones.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Beside each delta a hash of its key: a search touches these alone.
    hashes: Vec<u64>,
    deltas: Vec<Delta>,
}

/// Searched from end to end for each record, and taken by the tables when it is full. Few programs have so many
/// different errors in one second.
const FULL: usize = if cfg!(loom) { 2 } else { 64 };

impl Key {
    pub(super) fn of_event(event: &ErrorEvent<'_>, fingerprint: Fingerprint, at: Buckets) -> Self {
        let (code, operation) = (key_of(event.code.name()), key_of(event.operation));
        Self { fingerprint, code, operation, second: at.second() }
    }

    /// The parts are hashes already; the second must not cancel one of them out.
    fn hash(&self) -> u64 {
        let parts = self.fingerprint.as_u64() ^ self.code.rotate_left(21) ^ self.operation.rotate_left(42);
        parts ^ self.second.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

impl Delta {
    fn new(key: Key, event: &ErrorEvent<'_>, at: Buckets, moment: Moment, timestamp: Timestamp) -> Self {
        Self {
            key,
            at,
            code: event.code,
            operation: text::for_sink(&event.operation, MAX_NAME).into(),
            component: text::for_sink(&event.component, MAX_NAME).into(),
            by_level: [0; 4],
            level: event.level,
            first: (moment, timestamp),
            last: (moment, timestamp),
            last_id: event.id,
        }
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
        key: Key,
        event: &ErrorEvent<'_>,
        at: Buckets,
        moment: Moment,
        timestamp: Timestamp,
    ) -> &Delta {
        let hash = key.hash();
        let is_same = |(i, found): (usize, &u64)| *found == hash && self.deltas[i].key == key;
        // The latest first: an error rarely comes alone.
        let known = self.hashes.iter().enumerate().rev().find_map(|it| is_same(it).then_some(it.0));
        let index = known.unwrap_or_else(|| {
            self.hashes.push(hash);
            self.deltas.push(Delta::new(key, event, at, moment, timestamp));
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

//! Shards of a monitor: threads record at the same time without waiting for each other.
//!
//! A record goes to one of eight shards, each with a lock, counts, and recent errors of its own.
//! The counts of a shard are deltas: the tables take them when a shard is full and whenever the
//! monitor is read, so that rows, limits and sums are those of one set of tables, however many
//! threads record. All threads begin on the first shard; a thread that finds its shard locked moves
//! to another and stays there, so that a program has as many shards as threads that record at once.
//!
//! Locks are taken in one order: the tables, then shards from the first to the last. A thread that
//! records holds one shard, and waits for nothing while it does.

use super::{
    batch::{Batch, Moment},
    config::MonitorConfig,
    recent::{Evicted, Recent, RecentError, Texts},
    tables::ErrorTables,
    window::Buckets,
};
use crate::{
    event::{ErrorContext, ErrorEvent, Fingerprint},
    sync::{Mutex, MutexGuard},
    time::{Tick, Timestamp},
};
use std::{array, cell::Cell, sync::Arc};

/// Enough that threads seldom meet; each takes at most its share of the recent errors.
const SHARDS: usize = if cfg!(loom) { 2 } else { 8 };

/// An error on its way into a shard.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    pub(super) event: &'a ErrorEvent<'a>,
    pub(super) now: Tick,
    pub(super) timestamp: Timestamp,
    pub(super) fingerprint: Fingerprint,
    pub(super) texts: Texts,
    pub(super) context: Option<Box<ErrorContext>>,
}

/// All shards, and the tables that they are merged in.
#[derive(Debug)]
pub(super) struct Shards {
    merged: Mutex<Merged>,
    shards: [Padded; SHARDS],
}

/// What the shards are merged in.
#[derive(Debug)]
struct Merged {
    /// A few kilobytes, which `replace` moves.
    tables: Box<ErrorTables>,
    limits: Limits,
    /// How many shards were ever recorded in.
    used: usize,
}

/// How much of the recent errors is kept.
#[derive(Clone, Copy, Debug)]
struct Limits {
    entries: usize,
    bytes: usize,
}

/// On cache lines of its own: prefetching takes two at a time.
#[derive(Debug)]
#[repr(align(128))]
struct Padded(Mutex<Shard>);

#[derive(Debug)]
struct Shard {
    batch: Batch,
    recent: Recent,
    /// The number of the last error; at the start, that of the shard.
    number: u64,
    /// Whether its share of the recent errors is known.
    is_used: bool,
}

#[cfg(not(loom))]
thread_local! {
    static POSITION: ThreadPosition = const { ThreadPosition { shard: Cell::new(0), number: Cell::new(0) } };
}

#[cfg(loom)]
loom::thread_local! {
    static POSITION: ThreadPosition = ThreadPosition { shard: Cell::new(0), number: Cell::new(0) };
}

/// The place of a thread among the shards.
struct ThreadPosition {
    /// The shard that it found free last.
    shard: Cell<usize>,
    /// The number of its last error, so that its errors stay in order when it moves.
    number: Cell<u64>,
}

impl Shards {
    pub(super) fn new_at(config: &MonitorConfig, timestamp: Timestamp) -> Self {
        let limits = Limits {
            entries: config.recent_events,
            bytes: config.recent_bytes,
        };
        let shard = |index| Padded(Mutex::new(Shard::new(index, limits)));
        let merged = Merged {
            tables: ErrorTables::boxed_at(config, timestamp),
            limits,
            used: 0,
        };
        Self {
            merged: Mutex::new(merged),
            shards: array::from_fn(shard),
        }
    }

    /// Counts an error, then keeps it among the recent ones; returns the errors that it evicts.
    pub(super) fn record(&self, arrival: Arrival<'_>) -> Evicted {
        let (index, mut shard) = self.enter();
        let evicted = shard.record(arrival);
        let (is_full, is_new) = (shard.batch.is_full(), !shard.is_used);
        drop(shard);
        if is_full {
            self.empty(index);
        }
        if is_new {
            self.share_again(index);
        }
        evicted
    }

    /// Locks the shard of this thread, or a free one where another thread holds that.
    fn enter(&self) -> (usize, MutexGuard<'_, Shard>) {
        POSITION.with(|position| {
            let mine = position.shard.get();
            for index in (mine..SHARDS).chain(0..mine) {
                if let Some(shard) = self.shards[index].0.try_lock() {
                    position.shard.set(index);
                    return (index, shard);
                }
            }
            (mine, self.shards[mine].0.lock())
        })
    }

    /// Moves the counts of one shard into the tables. A reader waits for the tables meanwhile, so
    /// that no count is ever in neither place.
    #[cold]
    fn empty(&self, index: usize) {
        let mut merged = self.merged.lock();
        let mut shard = self.shards[index].0.lock();
        merged.take(&mut shard);
    }

    /// Divides the room for recent errors again, after one more shard came into use.
    #[cold]
    fn share_again(&self, index: usize) {
        let evicted = self.with_all(|merged, shards| {
            if !std::mem::replace(&mut shards[index].is_used, true) {
                merged.used += 1;
            }
            limit(merged, shards)
        });
        drop(evicted);
    }

    /// Reads the tables with everything that was recorded so far, at one moment.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&mut ErrorTables, Vec<Arc<RecentError>>) -> T,
    ) -> T {
        self.with_all(|merged, shards| {
            for shard in shards.iter_mut() {
                merged.take(shard);
            }
            let recent = recent_errors(shards, merged.limits);
            read(&mut merged.tables, recent)
        })
    }

    /// Brings the tables up to date and reads them. Each shard is locked for itself, so that a thread
    /// that records meanwhile finds another one.
    pub(super) fn read_counts<T>(&self, read: impl FnOnce(&ErrorTables) -> T) -> T {
        let mut merged = self.merged.lock();
        for shard in &self.shards {
            merged.take(&mut shard.0.lock());
        }
        read(&merged.tables)
    }

    /// Reads the recent errors alone, oldest first.
    pub(super) fn recent(&self) -> Vec<Arc<RecentError>> {
        self.with_all(|merged, shards| recent_errors(shards, merged.limits))
    }

    /// Changes the tables alone; what the shards hold is not in them.
    pub(super) fn with_tables<T>(&self, work: impl FnOnce(&mut ErrorTables) -> T) -> T {
        work(&mut self.merged.lock().tables)
    }

    /// Begins again from `fresh`; returns the tables with all counts so far, for the caller to
    /// drop.
    pub(super) fn replace(&self, fresh: Box<ErrorTables>) -> (Box<ErrorTables>, Evicted) {
        self.with_all(|merged, shards| {
            let mut evicted = Evicted::default();
            for shard in shards.iter_mut() {
                merged.take(shard);
                evicted.append(shard.recent.clear());
            }
            (std::mem::replace(&mut merged.tables, fresh), evicted)
        })
    }

    /// Sets the limits of a configuration; returns the errors that are evicted.
    pub(super) fn limit(&self, config: &MonitorConfig) -> Evicted {
        self.with_all(|merged, shards| {
            merged.tables.limit(config);
            merged.limits = Limits {
                entries: config.recent_events,
                bytes: config.recent_bytes,
            };
            limit(merged, shards)
        })
    }

    /// Holds the tables and every shard: nothing is recorded meanwhile.
    fn with_all<T>(
        &self,
        work: impl FnOnce(&mut Merged, &mut [MutexGuard<'_, Shard>; SHARDS]) -> T,
    ) -> T {
        let mut merged = self.merged.lock();
        let mut shards = self.shards.each_ref().map(|shard| shard.0.lock());
        work(&mut merged, &mut shards)
    }
}

fn limit(merged: &Merged, shards: &mut [MutexGuard<'_, Shard>; SHARDS]) -> Evicted {
    let mut evicted = Evicted::default();
    for shard in shards {
        evicted.append(shard.recent.limit(
            merged.limits.entries,
            merged.limits.bytes / merged.used.max(1),
        ));
    }
    evicted
}

/// Returns the newest errors of all shards, oldest first.
fn recent_errors(
    shards: &[MutexGuard<'_, Shard>; SHARDS],
    limits: Limits,
) -> Vec<Arc<RecentError>> {
    let mut entries: Vec<&Arc<RecentError>> = shards
        .iter()
        .flat_map(|shard| shard.recent.iter())
        .collect();
    entries.sort_by_key(|entry| entry.moment);
    let first = entries.len().saturating_sub(limits.entries);
    entries[first..].iter().copied().cloned().collect()
}

impl Merged {
    /// Moves the counts of a shard into the tables.
    fn take(&mut self, shard: &mut Shard) {
        for delta in shard.batch.drain() {
            self.tables.add(&delta);
        }
    }
}

impl Shard {
    fn new(index: usize, limits: Limits) -> Self {
        let recent = Recent::new(limits.entries, limits.bytes);
        Self {
            batch: Batch::default(),
            recent,
            number: index as u64,
            is_used: false,
        }
    }

    fn record(&mut self, arrival: Arrival<'_>) -> Evicted {
        let Arrival { event, now, .. } = arrival;
        let (timestamp, fingerprint) = (arrival.timestamp, arrival.fingerprint);
        // The next number with the remainder of this shard, so that numbers differ across shards.
        let shards = SHARDS as u64;
        self.number = POSITION.with(|position| {
            let latest = position.number.get().max(self.number);
            position
                .number
                .set((latest / shards + 1) * shards + self.number % shards);
            position.number.get()
        });
        let moment = Moment {
            tick: now,
            number: self.number,
        };
        let delta = self
            .batch
            .count(event, fingerprint, Buckets::at(now), moment, timestamp);
        if event.opening.is_some() {
            // The record of the opening stands for it.
            return Evicted::default();
        }
        self.recent.push(|| RecentError {
            moment,
            timestamp,
            id: event.id,
            code: event.code,
            level: event.level,
            operation: Arc::clone(&delta.operation),
            component: Arc::clone(&delta.component),
            location: event.location,
            elapsed: event.elapsed,
            fingerprint,
            texts: arrival.texts,
            context: arrival.context,
        })
    }
}

#[cfg(all(test, loom))]
#[path = "tests/shards_loom.rs"]
mod loom_tests;
#[cfg(all(test, not(loom)))]
#[path = "tests/shards.rs"]
mod tests;

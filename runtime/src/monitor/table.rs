//! A table with a bounded number of rows; further keys are counted together.

use super::heavy_hitters::HeavyHitters;
use crate::time::Tick;
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    time::Duration,
};

/// The name under which keys without a row of their own are counted.
pub const OTHER: &str = "_OTHER";

/// A row of a [`Table`].
pub(super) trait Row {
    /// Returns when it was last written.
    fn last_seen(&self) -> Tick;
    /// Adds the counts of a row that is removed.
    fn absorb(&mut self, idle: &Self);
    /// Returns how often it was counted.
    fn count(&self) -> u64;
}

/// Rows by key, at most so many; keys that come when it is full share one row.
///
/// Rows that were idle for a day make room, and their counts go to the shared row, so that a burst
/// of names that are used once does not keep out those of the next day. In a table [for heavy
/// hitters](Self::for_heavy_hitters) the row with the lowest count makes room for a frequent key.
/// Sums over all rows are exact at any time.
#[derive(Debug)]
pub(super) struct Table<R> {
    rows: HashMap<u64, R, BuildHasherDefault<Spread>>,
    other: R,
    capacity: usize,
    /// When idle rows are next looked for, which costs a walk over all rows.
    next_walk: Tick,
    /// Finds frequent keys among those without a row, in a table for heavy hitters.
    heavy_hitters: Option<HeavyHitters>,
}

const IDLE: Duration = Duration::from_secs(86_400);
const BETWEEN_WALKS: Duration = Duration::from_secs(60);

impl<R: Row> Table<R> {
    pub(super) fn new(capacity: usize, other: R) -> Self {
        Self {
            rows: HashMap::default(),
            other,
            capacity,
            next_walk: Tick::ZERO,
            heavy_hitters: None,
        }
    }

    /// Makes a table in which frequent keys get rows, though not from their first occurrence on.
    pub(super) fn for_heavy_hitters(capacity: usize, other: R) -> Self {
        Self {
            heavy_hitters: Some(HeavyHitters::new()),
            ..Self::new(capacity, other)
        }
    }

    /// Returns the row to count `key` in so many times: its own, made if there is room for it, or
    /// else the shared one.
    pub(super) fn row_at(
        &mut self,
        key: u64,
        times: u64,
        now: Tick,
        make: impl FnOnce() -> R,
    ) -> &mut R {
        if self.rows.contains_key(&key) || self.has_room_at(now) || self.makes_room_for(key, times)
        {
            return self.rows.entry(key).or_insert_with(make);
        }
        &mut self.other
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &R)> {
        self.rows.iter().map(|(key, row)| (*key, row))
    }

    /// Returns the shared row.
    pub(super) fn other(&self) -> &R {
        &self.other
    }

    pub(super) fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity;
    }

    #[cold]
    fn has_room_at(&mut self, now: Tick) -> bool {
        if self.rows.len() >= self.capacity && now >= self.next_walk {
            self.next_walk = now.after(BETWEEN_WALKS);
            let other = &mut self.other;
            self.rows.retain(|_, row| {
                let keep = now.since(row.last_seen()) < IDLE;
                if !keep {
                    other.absorb(row);
                }
                keep
            });
        }
        self.rows.len() < self.capacity
    }

    /// Removes the row with the lowest count for a frequent key.
    fn makes_room_for(&mut self, key: u64, times: u64) -> bool {
        let Some(heavy_hitters) = &mut self.heavy_hitters else {
            return false;
        };
        // A key that becomes frequent at once is found within twice the limit.
        if !(0..times).any(|_| heavy_hitters.count(key)) {
            return false;
        }
        let least = self
            .rows
            .iter()
            .min_by_key(|(_, row)| row.count())
            .map(|(key, _)| *key);
        let removed = least.and_then(|key| self.rows.remove(&key));
        removed.iter().for_each(|row| self.other.absorb(row));
        removed.is_some()
    }
}

/// The keys are hashes already.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct TestRow(u64, Tick);

    impl Row for TestRow {
        fn last_seen(&self) -> Tick {
            self.1
        }

        fn absorb(&mut self, idle: &Self) {
            self.0 += idle.0;
        }

        fn count(&self) -> u64 {
            self.0
        }
    }

    fn count(table: &mut Table<TestRow>, key: u64, now: Tick) {
        let row = table.row_at(key, 1, now, || TestRow(0, now));
        row.0 += 1;
        row.1 = now;
    }

    #[test]
    fn full_table_counts_new_keys_together_until_rows_were_idle_for_a_day() {
        let mut table = Table::new(3, TestRow(0, Tick::ZERO));
        let start = Tick::ZERO;
        (1..=5).for_each(|key| count(&mut table, key, start));
        assert_eq!((table.iter().count(), table.other().0), (3, 2));
        let tomorrow = start.after(IDLE);
        count(&mut table, 1, tomorrow);
        count(&mut table, 9, tomorrow);
        let mut kept: Vec<u64> = table.iter().map(|(key, _)| key).collect();
        kept.sort_unstable();
        assert_eq!(kept, [1, 9]);
        let total: u64 = table.iter().map(|(_, row)| row.0).sum::<u64>() + table.other().0;
        assert_eq!(total, 7);
    }

    #[test]
    fn frequent_key_replaces_the_row_with_the_lowest_count() {
        let mut table = Table::for_heavy_hitters(3, TestRow(0, Tick::ZERO));
        (1..=3).for_each(|key| (0..=key).for_each(|_| count(&mut table, key, Tick::ZERO)));
        (0..1000).for_each(|_| count(&mut table, 9, Tick::ZERO));
        let mut kept: Vec<(u64, u64)> = table.iter().map(|(key, row)| (key, row.0)).collect();
        kept.sort_unstable();
        assert_eq!(kept, [(2, 3), (3, 4), (9, 937)]);
        assert_eq!(
            table.other().0,
            2 + 63,
            "and what it was before it had a row"
        );
    }
}

//! A table that keeps so many rows and counts the rest together.

use super::heavy_hitters::HeavyHitters;
use crate::time::Tick;
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    time::Duration,
};

/// The name under which everything is counted that found no room.
pub const OTHER: &str = "_OTHER";

/// What a row of a [`Table`] must be able to do.
pub(super) trait Row {
    /// When it was last written.
    fn last_seen(&self) -> Tick;
    /// Takes the counts of a row that is given up.
    fn absorb(&mut self, idle: &Self);
    /// How often it was counted.
    fn count(&self) -> u64;
}

/// Rows by key, at most so many; keys that come when it is full share one row.
///
/// Rows that were idle for a day make room, and their counts go to the shared row, so that a burst
/// of names that are used once does not shut out those of tomorrow. In a table [for the
/// top](Self::for_the_top) the least row makes room for a key that comes often. Sums over all rows
/// are exact at any time.
#[derive(Debug)]
pub(super) struct Table<R> {
    rows: HashMap<u64, R, BuildHasherDefault<Spread>>,
    other: R,
    capacity: usize,
    /// Looking for idle rows costs a walk over all, so that it is done once in a while.
    next_walk: Tick,
    /// Those that found no room, where one that comes often may yet get some.
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

    /// Makes a table whose rows are to be those that come most, if not each from its first time on.
    pub(super) fn for_the_top(capacity: usize, other: R) -> Self {
        Self {
            heavy_hitters: Some(HeavyHitters::new()),
            ..Self::new(capacity, other)
        }
    }

    /// The row to count `key` in so many times: its own, made if there is room for it, or else the
    /// shared one.
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

    /// The shared row.
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

    /// Gives the least row up for a key that comes often.
    fn makes_room_for(&mut self, key: u64, times: u64) -> bool {
        let Some(heavy_hitters) = &mut self.heavy_hitters else {
            return false;
        };
        // One that comes often at once is found within twice the count that is often.
        if !(0..times).any(|_| heavy_hitters.comes_often(key)) {
            return false;
        }
        let least = self
            .rows
            .iter()
            .min_by_key(|(_, row)| row.count())
            .map(|(key, _)| *key);
        let given_up = least.and_then(|key| self.rows.remove(&key));
        given_up.iter().for_each(|row| self.other.absorb(row));
        given_up.is_some()
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
    struct Counted(u64, Tick);

    impl Row for Counted {
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

    fn count(table: &mut Table<Counted>, key: u64, now: Tick) {
        let row = table.row_at(key, 1, now, || Counted(0, now));
        row.0 += 1;
        row.1 = now;
    }

    #[test]
    fn a_full_table_counts_new_keys_together_until_old_ones_were_idle_for_a_day() {
        let mut table = Table::new(3, Counted(0, Tick::ZERO));
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
    fn a_key_that_comes_often_takes_the_place_of_the_least() {
        let mut table = Table::for_the_top(3, Counted(0, Tick::ZERO));
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

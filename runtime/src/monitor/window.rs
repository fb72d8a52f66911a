//! Counts over the last minute, hour and day, in constant time and room.

use crate::time::Tick;

/// Counts over three windows that slide by the bucket.
///
/// Each window covers the running bucket and those before it: 60 of a second, 60 of a minute, 48 of
/// half an hour. A bucket is emptied when its place in the ring is next written, and left out by
/// its number when it is read, so that nothing old comes back after an idle gap of any length.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    minute: Ring<60>,
    hour: Ring<60>,
    day: Ring<48>,
}

/// The numbers of the buckets that a tick falls into, computed once per record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buckets {
    second: u64,
    minute: u64,
    half_hour: u64,
}

/// How many errors there were in the last minute, hour and day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Rates {
    /// In the running second and the 59 before it.
    pub last_minute: u64,
    /// In the running minute and the 59 before it.
    pub last_hour: u64,
    /// In the running half hour and the 47 before it.
    pub last_day: u64,
}

impl Buckets {
    pub(super) fn at(now: Tick) -> Self {
        let second = now.as_nanos() / 1_000_000_000;
        Self {
            second,
            minute: second / 60,
            half_hour: second / 1800,
        }
    }

    pub(super) const fn second(self) -> u64 {
        self.second
    }
}

impl Windows {
    pub(super) const fn new() -> Self {
        Self {
            minute: Ring::new(),
            hour: Ring::new(),
            day: Ring::new(),
        }
    }

    /// Counts so many errors in the same buckets.
    pub(super) fn add_many(&mut self, at: Buckets, count: u64) {
        // A bucket that is full stays full.
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.minute.add(at.second, count);
        self.hour.add(at.minute, count);
        self.day.add(at.half_hour, count);
    }

    pub(super) fn last_hour(&self, at: Buckets) -> u64 {
        self.hour.sum(at.minute)
    }

    pub(super) fn rates(&self, at: Buckets) -> Rates {
        Rates {
            last_minute: self.minute.sum(at.second),
            last_hour: self.hour.sum(at.minute),
            last_day: self.day.sum(at.half_hour),
        }
    }

    /// Adds the counts of another, for rows that are folded into one.
    pub(super) fn merge(&mut self, other: &Self) {
        self.minute.merge(&other.minute);
        self.hour.merge(&other.hour);
        self.day.merge(&other.day);
    }
}

#[derive(Clone, Debug)]
struct Ring<const N: usize> {
    /// The number of the newest bucket that was written.
    newest: u64,
    /// Bucket `b` lives in slot `b % N`; every slot belongs to one of the `N` buckets up to
    /// `newest`.
    counts: [u32; N],
}

impl<const N: usize> Ring<N> {
    const fn new() -> Self {
        Self {
            newest: 0,
            counts: [0; N],
        }
    }

    fn add(&mut self, bucket: u64, count: u32) {
        self.move_to(bucket);
        // A thread that read the clock before another and writes after it, or a shard whose counts
        // come late, writes to an older bucket.
        if bucket + (N as u64) > self.newest {
            let slot = &mut self.counts[slot::<N>(bucket)];
            *slot = slot.saturating_add(count);
        }
    }

    fn move_to(&mut self, bucket: u64) {
        let steps = bucket.saturating_sub(self.newest);
        if steps >= N as u64 {
            self.counts = [0; N];
        } else {
            for passed in self.newest + 1..=bucket {
                self.counts[slot::<N>(passed)] = 0;
            }
        }
        self.newest = self.newest.max(bucket);
    }

    fn sum(&self, now: u64) -> u64 {
        let idle = now.saturating_sub(self.newest);
        // Of the buckets up to `newest`, those that are older than `N` before `now` have slid out.
        let live = (N as u64).saturating_sub(idle);
        (0..live.min(self.newest + 1))
            .map(|age| u64::from(self.counts[slot::<N>(self.newest - age)]))
            .sum()
    }

    fn merge(&mut self, other: &Self) {
        self.move_to(other.newest);
        for age in 0..(N as u64).min(other.newest + 1) {
            let bucket = other.newest - age;
            if bucket + (N as u64) > self.newest {
                let slot = &mut self.counts[slot::<N>(bucket)];
                *slot = slot.saturating_add(other.counts[self::slot::<N>(bucket)]);
            }
        }
    }
}

fn slot<const N: usize>(bucket: u64) -> usize {
    // The remainder is less than `N`, which is a `usize`.
    (bucket % N as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> Buckets {
        Buckets::at(Tick::ZERO.after(Duration::from_secs(seconds)))
    }

    /// The rates as a plain list of all times gives them.
    fn model(times: &[u64], now: u64) -> Rates {
        let within = |width: u64, n: u64| {
            let of = |time: u64| time / width;
            times
                .iter()
                .filter(|&&time| of(time) <= of(now) && of(time) + n > of(now))
                .count() as u64
        };
        Rates {
            last_minute: within(1, 60),
            last_hour: within(60, 60),
            last_day: within(1800, 48),
        }
    }

    #[test]
    fn counts_are_exact_at_borders_and_after_idle_gaps() {
        let gaps = [
            0, 0, 1, 1, 29, 30, 31, 59, 60, 61, 1, 3599, 3600, 3601, 1799, 86_399, 86_400, 86_401,
            1, 59, 7, 604_800,
        ];
        let (mut windows, mut times, mut now) = (Windows::new(), Vec::new(), 0);
        for round in 0..40 {
            for (i, gap) in gaps.iter().enumerate() {
                now += gap + (round * i as u64) % 7;
                for _ in 0..=(i % 3) {
                    windows.add_many(at(now), 1);
                    times.push(now);
                }
                for later in [
                    0, 1, 58, 59, 60, 61, 3540, 3541, 3600, 84_599, 84_600, 86_400, 10_000_000,
                ] {
                    assert_eq!(
                        windows.rates(at(now + later)),
                        model(&times, now + later),
                        "at {now} + {later}"
                    );
                }
            }
        }
    }

    #[test]
    fn error_with_an_older_tick_still_counts() {
        let mut windows = Windows::new();
        windows.add_many(at(100), 1);
        windows.add_many(at(99), 1);
        windows.add_many(at(10), 1);
        assert_eq!(windows.rates(at(100)).last_minute, 2);
        assert_eq!(windows.rates(at(100)).last_hour, 3);
    }

    #[test]
    fn merged_windows_hold_the_counts_of_both() {
        let (mut older, mut newer) = (Windows::new(), Windows::new());
        for second in [5, 5, 30] {
            older.add_many(at(second), 1);
        }
        newer.add_many(at(70), 1);
        let mut forth = older.clone();
        forth.merge(&newer);
        newer.merge(&older);
        assert_eq!(forth.rates(at(80)), newer.rates(at(80)));
        assert_eq!(forth.rates(at(80)), model(&[5, 5, 30, 70], 80));
    }
}

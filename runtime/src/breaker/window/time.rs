//! Window over a span of time.

use super::{EntryId, Tally};
use crate::time::Tick;
use std::{ops::Range, time::Duration};

/// Distinguishes the entries of time windows from those of count windows, which are small numbers
/// like early ticks.
const IN_TIME: u64 = 1 << 62;

/// The number of steps in which a time window slides.
pub(super) const STEPS: u64 = 10;

/// The calls of a time span that ends now, in ten buckets that expire when time passes.
#[derive(Clone, Debug)]
pub(in crate::breaker) struct TimeWindow {
    /// The nanoseconds of one bucket.
    width: u64,
    /// The number of the newest bucket: the tick divided by the width. Bucket `n` lies at
    /// `n % STEPS`.
    head: u64,
    /// Where the newest bucket ends, so that most calls need no division.
    head_end: Tick,
    /// Entries before this are those of another window, whose identities mean nothing here.
    first_entry: EntryId,
    buckets: [Tally; STEPS as usize],
    /// The sum of all buckets.
    pub(super) total: Tally,
}

impl TimeWindow {
    pub(super) fn new(span: Duration) -> Self {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let width = nanos.div_ceil(STEPS).max(1);
        let end = Tick::from_nanos(width);
        let first_entry = EntryId(IN_TIME);
        Self {
            width,
            head: 0,
            head_end: end,
            first_entry,
            buckets: Default::default(),
            total: Tally::default(),
        }
    }

    /// Begins where a window of another kind ended.
    pub(super) fn begin_at(&mut self, now: Tick) {
        self.slide_to(now);
        self.first_entry = self.next_entry_at(now);
    }

    /// Drops the buckets that are too old at `now`. A clock reading that waited for the lock may be
    /// older than the newest bucket; its call then counts in that bucket.
    pub(super) fn slide_to(&mut self, now: Tick) {
        if self.is_ahead_of(now) {
            let head = now.as_nanos() / self.width;
            self.clear();
            (self.head, self.first_entry) = (head, EntryId(IN_TIME | (head * self.width)));
            self.head_end = Tick::from_nanos((head + 1).saturating_mul(self.width));
        }
        if now < self.head_end {
            return;
        }
        let head = now.as_nanos() / self.width;
        for bucket in (self.head + 1..=head).take(STEPS as usize) {
            // Skipping ahead more than a round clears every bucket once.
            let stale = std::mem::take(&mut self.buckets[(bucket % STEPS) as usize]);
            self.total.remove(stale);
        }
        self.head = head;
        self.head_end = Tick::from_nanos((head + 1).saturating_mul(self.width));
    }

    /// Returns `true` if all buckets lie ahead of the clock, by more than a reading waits for a
    /// lock: the clock was exchanged or set back, and measurements of the other time line are
    /// meaningless on this one.
    pub(super) fn is_ahead_of(&self, now: Tick) -> bool {
        self.head_end.as_nanos().saturating_sub(now.as_nanos())
            > self.width.saturating_mul(2 * STEPS)
    }

    pub(super) fn add_at(&mut self, now: Tick, what: Tally) -> EntryId {
        self.slide_to(now);
        self.buckets[(self.head % STEPS) as usize].add(what);
        self.total.add(what);
        self.next_entry_at(now)
    }

    /// Adds successes to the newest bucket.
    pub(super) fn record_successes(&mut self, successes: u64) {
        let what = Tally {
            calls: successes,
            ..Tally::default()
        };
        self.buckets[(self.head % STEPS) as usize].add(what);
        self.total.add(what);
    }

    /// Returns the sum of all buckets and the stretch of the newest one.
    pub(super) fn present(&self) -> (Tally, Range<Tick>) {
        let start = Tick::from_nanos(self.head.saturating_mul(self.width));
        (self.total, start..self.head_end)
    }

    pub(super) fn next_entry_at(&self, now: Tick) -> EntryId {
        // The first tick of a bucket names it independently of the width: a window of another width
        // is filled by it.
        let is_here = now < self.head_end && !self.is_ahead_of(now);
        let start = if is_here {
            self.head
        } else {
            now.as_nanos() / self.width
        } * self.width;
        EntryId(IN_TIME | start)
    }

    pub(super) fn amend_failure_at(&mut self, now: Tick, entry: EntryId) {
        self.slide_to(now);
        let bucket = (entry.0 & !IN_TIME) / self.width;
        let is_here =
            entry.0 >= self.first_entry.0 && bucket <= self.head && self.head - bucket < STEPS;
        let tally = &mut self.buckets[(bucket % STEPS) as usize];
        if is_here && tally.failures < tally.calls {
            tally.failures += 1;
            self.total.failures += 1;
        }
    }

    pub(super) fn tally_at(&self, now: Tick) -> Tally {
        if self.is_ahead_of(now) {
            return Tally::default();
        }
        let head = (now.as_nanos() / self.width).max(self.head);
        let mut sum = Tally::default();
        for bucket in
            (self.head.saturating_sub(STEPS - 1)..=self.head).filter(|bucket| head - bucket < STEPS)
        {
            sum.add(self.buckets[(bucket % STEPS) as usize]);
        }
        sum
    }

    pub(super) fn clear(&mut self) {
        self.buckets = Default::default();
        self.total = Tally::default();
    }

    pub(super) fn replay_into(&self, new: &mut Self) {
        new.first_entry = self.first_entry;
        for bucket in self.head.saturating_sub(STEPS - 1)..=self.head {
            let start = Tick::from_nanos(bucket.saturating_mul(self.width));
            let what = self.buckets[(bucket % STEPS) as usize];
            if what.calls > 0 {
                new.add_at(start, what);
            }
        }
    }
}

//! Sliding windows: the last N calls, or the calls of the last while. O(1) a call, and old entries
//! really leave.

use super::config::WindowKind;
use crate::time::Tick;
use std::time::Duration;

/// What a window holds at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) calls: u64,
    pub(super) failures: u64,
    pub(super) slow: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        self.slow += other.slow;
    }

    fn remove(&mut self, other: Self) {
        self.calls -= other.calls;
        self.failures -= other.failures;
        self.slow -= other.slow;
    }
}

/// Finds one call's entry again, as long as it is in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryId(pub(super) u64);

/// The calls over which rates are taken.
#[derive(Clone, Debug)]
pub(super) enum Window {
    None,
    Count(CountWindow),
    /// Boxed, so that the many breakers without one stay small.
    Time(Box<TimeWindow>),
}

impl Window {
    pub(super) fn new(kind: Option<WindowKind>) -> Self {
        match kind {
            None => Self::None,
            Some(WindowKind::Calls(calls)) => Self::Count(CountWindow::new(calls)),
            Some(WindowKind::Time(span)) => Self::Time(Box::new(TimeWindow::new(span))),
        }
    }

    /// Makes a window of another kind or size that holds what it can of this one.
    pub(super) fn resized_at(&mut self, now: Tick, kind: Option<WindowKind>) -> Self {
        let mut new = Self::new(kind);
        match (self, &mut new) {
            (Self::Count(old), Self::Count(new)) => old.replay_into(new),
            (Self::Time(old), Self::Time(new)) => {
                // What has expired does not come back because the new window is longer.
                old.slide_to(now);
                old.replay_into(new);
            }
            (_, Self::Time(new)) => new.begin_at(now),
            _ => {}
        }
        new
    }

    /// Adds a call.
    pub(super) fn record_at(&mut self, now: Tick, failure: bool, slow: bool) -> EntryId {
        match self {
            Self::None => EntryId(0),
            Self::Count(window) => window.record(failure, slow),
            Self::Time(window) => {
                let one = Tally {
                    calls: 1,
                    failures: failure.into(),
                    slow: slow.into(),
                };
                window.add_at(now, one)
            }
        }
    }

    /// Returns the identity that the next entry will have.
    pub(super) fn next_entry_at(&self, now: Tick) -> EntryId {
        match self {
            Self::None => EntryId(0),
            Self::Count(window) => EntryId(window.recorded),
            Self::Time(window) => window.next_entry_at(now),
        }
    }

    /// Turns an entry that was recorded as no failure into one, if it is still here.
    pub(super) fn amend_failure_at(&mut self, now: Tick, entry: EntryId) {
        match self {
            Self::None => {}
            Self::Count(window) => window.amend_failure(entry),
            Self::Time(window) => window.amend_failure_at(now, entry),
        }
    }

    /// Returns what the window holds, without moving it.
    pub(super) fn tally_at(&self, now: Tick) -> Tally {
        match self {
            Self::None => Tally::default(),
            Self::Count(window) => window.tally,
            Self::Time(window) => window.tally_at(now),
        }
    }

    /// Tells whether one more quick success would change nothing.
    pub(super) fn is_saturated(&self) -> bool {
        match self {
            Self::None => true,
            Self::Count(window) => window.is_saturated(),
            Self::Time(_) => false,
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::None => {}
            Self::Count(window) => window.clear(),
            Self::Time(window) => window.clear(),
        }
    }
}

/// The last N calls, two bits each.
#[derive(Clone, Debug)]
pub(super) struct CountWindow {
    size: u32,
    /// How many calls were ever recorded: the identity of the next one. Call `n` has the bits at
    /// `n % size`.
    recorded: u64,
    /// `recorded % size`, kept so that no call divides.
    next: u32,
    tally: Tally,
    failures: Bits,
    slow: Bits,
}

impl CountWindow {
    fn new(size: u32) -> Self {
        // An illegal size of zero cannot come through a builder; one call is the nearest window
        // there is.
        let size = size.max(1);
        let (failures, slow) = (Bits::new(size), Bits::new(size));
        Self {
            size,
            recorded: 0,
            next: 0,
            tally: Tally::default(),
            failures,
            slow,
        }
    }

    fn record(&mut self, failure: bool, slow: bool) -> EntryId {
        let evicted = Tally {
            calls: u64::from(self.tally.calls == u64::from(self.size)),
            // The bits of an entry that never was, or that was cleared, are clear.
            failures: self.failures.replace(self.next, failure).into(),
            slow: self.slow.replace(self.next, slow).into(),
        };
        self.tally.remove(evicted);
        self.tally.add(Tally {
            calls: 1,
            failures: failure.into(),
            slow: slow.into(),
        });
        let entry = EntryId(self.recorded);
        self.recorded += 1;
        self.next = if self.next + 1 == self.size {
            0
        } else {
            self.next + 1
        };
        entry
    }

    fn amend_failure(&mut self, entry: EntryId) {
        let is_here = entry.0 < self.recorded && self.recorded - entry.0 <= self.tally.calls;
        if is_here && !self.failures.replace(self.place(entry.0), true) {
            self.tally.failures += 1;
        }
    }

    fn place(&self, entry: u64) -> u32 {
        (entry % u64::from(self.size)) as u32
    }

    fn is_saturated(&self) -> bool {
        self.tally.calls == u64::from(self.size) && self.tally.failures == 0 && self.tally.slow == 0
    }

    fn clear(&mut self) {
        // Identities go on, so that one from before finds nothing.
        self.tally = Tally::default();
        (self.failures, self.slow) = (Bits::new(self.size), Bits::new(self.size));
    }

    fn replay_into(&self, new: &mut Self) {
        let first = self.recorded - self.tally.calls;
        (new.recorded, new.next) = (first, new.place(first));
        for entry in first..self.recorded {
            let at = self.place(entry);
            new.record(self.failures.get(at), self.slow.get(at));
        }
    }
}

/// A fixed row of bits; up to 64 of them need no allocation.
#[derive(Clone, Debug)]
enum Bits {
    Word(u64),
    Many(Box<[u64]>),
}

impl Bits {
    fn new(size: u32) -> Self {
        if size <= 64 {
            Self::Word(0)
        } else {
            Self::Many(vec![0; size.div_ceil(64) as usize].into())
        }
    }

    fn word(&mut self, at: u32) -> &mut u64 {
        match self {
            Self::Word(word) => word,
            Self::Many(words) => &mut words[(at / 64) as usize],
        }
    }

    fn get(&self, at: u32) -> bool {
        let word = match self {
            Self::Word(word) => *word,
            Self::Many(words) => words[(at / 64) as usize],
        };
        word >> (at % 64) & 1 == 1
    }

    /// Sets one bit and returns what it was.
    fn replace(&mut self, at: u32, value: bool) -> bool {
        let word = self.word(at);
        let old = *word >> (at % 64) & 1 == 1;
        *word = (*word & !(1 << (at % 64))) | (u64::from(value) << (at % 64));
        old
    }
}

/// Sets the entries of time windows apart from those of count windows, which are small numbers as
/// early ticks are.
const IN_TIME: u64 = 1 << 62;

/// How many steps a time window slides in.
const STEPS: u64 = 10;

/// The calls of the last while, in ten buckets that expire when time passes, not when somebody
/// tidies up.
#[derive(Clone, Debug)]
pub(super) struct TimeWindow {
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
    total: Tally,
}

impl TimeWindow {
    fn new(span: Duration) -> Self {
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
    fn begin_at(&mut self, now: Tick) {
        self.slide_to(now);
        self.first_entry = self.next_entry_at(now);
    }

    /// Drops the buckets that are too old at `now`. A clock reading that waited for the lock may
    /// lie in an older bucket than the newest; it counts there as now.
    fn slide_to(&mut self, now: Tick) {
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
    /// lock: the clock was exchanged or set back, and what was measured by the other time line says
    /// nothing on this one.
    fn is_ahead_of(&self, now: Tick) -> bool {
        self.head_end.as_nanos().saturating_sub(now.as_nanos())
            > self.width.saturating_mul(2 * STEPS)
    }

    fn add_at(&mut self, now: Tick, what: Tally) -> EntryId {
        self.slide_to(now);
        self.buckets[(self.head % STEPS) as usize].add(what);
        self.total.add(what);
        self.next_entry_at(now)
    }

    fn next_entry_at(&self, now: Tick) -> EntryId {
        // The first tick of a bucket names it whatever the width, as a window of another width is
        // filled by it.
        let is_here = now < self.head_end && !self.is_ahead_of(now);
        let start = if is_here {
            self.head
        } else {
            now.as_nanos() / self.width
        } * self.width;
        EntryId(IN_TIME | start)
    }

    fn amend_failure_at(&mut self, now: Tick, entry: EntryId) {
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

    fn tally_at(&self, now: Tick) -> Tally {
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

    fn clear(&mut self) {
        self.buckets = Default::default();
        self.total = Tally::default();
    }

    fn replay_into(&self, new: &mut Self) {
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

#[cfg(test)]
mod tests;

//! Window of the last N calls.

use super::{EntryId, Tally};

/// The last N calls, two bits each.
#[derive(Clone, Debug)]
pub(in crate::breaker) struct CountWindow {
    size: u32,
    /// How many calls were ever recorded: the identity of the next one. Call `n` has the bits at
    /// `n % size`.
    recorded: u64,
    /// `recorded % size`, kept so that no call divides.
    next: u32,
    pub(super) tally: Tally,
    failures: Bits,
    slow: Bits,
}

impl CountWindow {
    pub(super) fn new(size: u32) -> Self {
        // A builder refuses a size of zero; one call is the nearest legal window.
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

    pub(super) fn record(&mut self, failure: bool, slow: bool) -> EntryId {
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

    /// Adds successes, as that many calls of [`record`](Self::record) do.
    pub(super) fn record_successes(&mut self, successes: u64) {
        let size = u64::from(self.size);
        self.recorded += successes;
        self.tally.calls = self.tally.calls.saturating_add(successes).min(size);
        // The entries that were never made are clear.
        let replaced = successes.min(size) as u32;
        let to_the_end = replaced.min(self.size - self.next);
        for (from, len) in [(self.next, to_the_end), (0, replaced - to_the_end)] {
            self.tally.failures -= self.failures.clear(from, len);
            self.tally.slow -= self.slow.clear(from, len);
        }
        self.next = ((u64::from(self.next) + successes) % size) as u32;
    }

    pub(super) fn amend_failure(&mut self, entry: EntryId) {
        let is_here = entry.0 < self.recorded && self.recorded - entry.0 <= self.tally.calls;
        if is_here && !self.failures.replace(self.place(entry.0), true) {
            self.tally.failures += 1;
        }
    }

    pub(super) fn place(&self, entry: u64) -> u32 {
        (entry % u64::from(self.size)) as u32
    }

    /// Returns the identity that the next entry will have.
    pub(super) fn next_entry(&self) -> EntryId {
        EntryId(self.recorded)
    }

    pub(super) fn clear(&mut self) {
        // Identities go on, so that one from before finds nothing.
        self.tally = Tally::default();
        (self.failures, self.slow) = (Bits::new(self.size), Bits::new(self.size));
    }

    pub(super) fn replay_into(&self, new: &mut Self) {
        let first = self.recorded - self.tally.calls;
        (new.recorded, new.next) = (first, new.place(first));
        for entry in first..self.recorded {
            let at = self.place(entry);
            new.record(self.failures.get(at), self.slow.get(at));
        }
    }
}

/// A fixed number of bits; up to 64 need no allocation.
#[derive(Clone, Debug)]
pub(super) enum Bits {
    Word(u64),
    Many(Box<[u64]>),
}

impl Bits {
    pub(super) fn new(size: u32) -> Self {
        if size <= 64 {
            Self::Word(0)
        } else {
            Self::Many(vec![0; size.div_ceil(64) as usize].into())
        }
    }

    pub(super) fn word(&mut self, at: u32) -> &mut u64 {
        match self {
            Self::Word(word) => word,
            Self::Many(words) => &mut words[(at / 64) as usize],
        }
    }

    pub(super) fn get(&self, at: u32) -> bool {
        let word = match self {
            Self::Word(word) => *word,
            Self::Many(words) => words[(at / 64) as usize],
        };
        word >> (at % 64) & 1 == 1
    }

    /// Clears a number of bits from a place on, and returns how many were set.
    pub(super) fn clear(&mut self, from: u32, len: u32) -> u64 {
        let (mut at, end, mut set) = (from, from + len, 0);
        while at < end {
            let len = (64 - at % 64).min(end - at);
            let mask = u64::MAX >> (64 - len) << (at % 64);
            let word = self.word(at);
            set += u64::from((*word & mask).count_ones());
            *word &= !mask;
            at += len;
        }
        set
    }

    /// Sets one bit and returns what it was.
    pub(super) fn replace(&mut self, at: u32, value: bool) -> bool {
        let word = self.word(at);
        let old = *word >> (at % 64) & 1 == 1;
        *word = (*word & !(1 << (at % 64))) | (u64::from(value) << (at % 64));
        old
    }
}

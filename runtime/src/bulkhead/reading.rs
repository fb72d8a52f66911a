//! What a scrape reads of a bulkhead.

use super::{
    handle::Bulkhead,
    inner::{Inner, Reason},
    registry::BulkheadRegistry,
    state_word::StateWord,
};
use crate::{
    keyed::InstanceId,
    named_counts::NamedReading,
    per_thread::{DurationsReading, number_of},
    sync::AtomicU64 as CheckedAtomicU64,
};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The numbers of one bulkhead since it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BulkheadReading {
    pub(crate) instance: InstanceId,
    /// Without the key.
    pub(crate) name: Box<str>,
    pub(crate) limit: u32,
    pub(crate) running: u32,
    pub(crate) waiting: u64,
    pub(crate) admitted: u64,
    /// All slots taken; the queue full too; none free in time.
    pub(crate) rejected: [u64; 3],
    pub(crate) cancelled: u64,
    /// Waits that ended, whatever became of the call.
    pub(crate) waits: DurationsReading,
    /// How long slots were held, where calls are timed or were.
    pub(crate) calls: Option<DurationsReading>,
    /// Whether calls may wait.
    may_wait: bool,
}

impl BulkheadReading {
    /// Returns `true` if calls may wait, or have waited.
    pub(crate) fn has_waits(&self) -> bool {
        self.may_wait || number_of(&self.waits) > 0
    }
}

/// Numbers that change under the lock of the queue and are read without it.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    admitted: AtomicU64,
    cancelled: AtomicU64,
    waiting: AtomicU32,
}

impl Tallies {
    /// Counts calls that were admitted beside those that the word and the kept slots count.
    pub(super) fn add_admitted(&self, number: u64) {
        self.admitted.fetch_add(number, Ordering::Relaxed);
    }

    /// Counts a waiter whose call was dropped.
    pub(super) fn add_cancelled(&self) {
        self.cancelled.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes how many calls wait in the queue.
    pub(super) fn set_waiting(&self, number: u32) {
        self.waiting.store(number, Ordering::Relaxed);
    }

    /// Returns how many calls were admitted beside those that the word and the kept slots count.
    pub(super) fn admitted(&self) -> u64 {
        self.admitted.load(Ordering::Relaxed)
    }

    pub(super) fn cancelled(&self) -> u64 {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// How often [`MANY`](StateWord::MANY) admitted calls were moved here from the word. At most one move
/// behind the word, which has the parity of the number: a move and its note are made under one lock.
#[derive(Debug, Default)]
pub(super) struct Moves(CheckedAtomicU64);

impl Moves {
    /// Notes a move, under the lock under which the word was changed.
    pub(super) fn add_locked(&self) {
        // Release pairs with the Acquire in `admitted_in_word`: the word is at least that of the move.
        self.0.fetch_add(1, Ordering::Release);
    }
}

impl Inner {
    /// Reads the counts for a scrape, without a lock.
    pub(super) fn reading(&self) -> BulkheadReading {
        let (word, running) = self.running();
        BulkheadReading {
            instance: self.name.instance(),
            name: self.name.unkeyed().into(),
            limit: word.limit(),
            running,
            waiting: self.tallies.waiting.load(Ordering::Relaxed).into(),
            admitted: self.admitted(),
            rejected: [Reason::Full, Reason::QueueFull, Reason::TimedOut]
                .map(|reason| self.rejected(reason)),
            cancelled: self.tallies.cancelled(),
            waits: self.waits.read(),
            calls: self.calls.read_where(self.is_timed()),
            may_wait: !self.config.get().max_wait.is_zero(),
        }
    }

    /// Returns how many calls were admitted, without a lock. Of two calls the later one never returns
    /// less: each of the parts only grows.
    pub(super) fn admitted(&self) -> u64 {
        self.admitted_in_word() + self.tallies.admitted() + self.kept.admitted()
    }

    /// Returns how many calls were counted by the word, those that were moved from there included.
    fn admitted_in_word(&self) -> u64 {
        let Moves(moves) = &self.moves;
        // Acquire pairs with the Release in `add_locked`: the word read next is that of this move, or a
        // later one.
        let mut noted = moves.load(Ordering::Acquire);
        loop {
            // Acquire pairs with the Release of `move_admitted`, which later changes of the word carry
            // on: where the word is more than one move ahead, the number has changed below.
            let word = StateWord(self.word.0.load(Ordering::Acquire));
            let again = moves.load(Ordering::Acquire);
            if again == noted {
                let is_noted = word.is_moved_odd() == (noted % 2 == 1);
                let moved = if is_noted { noted } else { noted + 1 };
                return moved * StateWord::MANY + word.admitted();
            }
            noted = again;
        }
    }

    /// Returns the state and how many calls run. Kept slots, which count as taken in the word, are
    /// read apart from it, and again where it has changed meanwhile: they may have been collected.
    fn running(&self) -> (StateWord, u32) {
        let mut word = self.raw_word();
        for _ in 0..MOST_READS {
            let kept = self.kept.slots();
            let again = self.raw_word();
            if again == word || !word.is_keeping() {
                let kept = if word.is_keeping() { kept } else { 0 };
                return (word, word.in_flight().saturating_sub(kept));
            }
            word = again;
        }
        (word, word.in_flight().saturating_sub(self.kept.slots()))
    }
}

/// How often the word is read at most until it stays the same: it hardly changes while slots are kept.
const MOST_READS: usize = 10;

impl BulkheadRegistry {
    /// Reads each bulkhead, those of keys included.
    pub(crate) fn readings(&self) -> Vec<BulkheadReading> {
        self.all().iter().map(Bulkhead::reading).collect()
    }

    /// Reads the waits of each bulkhead in which calls may wait, or have waited.
    pub(crate) fn waits(&self) -> Vec<NamedReading<DurationsReading>> {
        self.durations(|reading| reading.has_waits().then_some(reading.waits))
    }

    /// Reads how long slots were held in each bulkhead whose calls are timed, or were.
    pub(crate) fn calls(&self) -> Vec<NamedReading<DurationsReading>> {
        self.durations(|reading| reading.calls)
    }

    fn durations(
        &self,
        of: fn(&BulkheadReading) -> Option<DurationsReading>,
    ) -> Vec<NamedReading<DurationsReading>> {
        let all = self.all();
        let durations = all.iter().filter_map(|bulkhead| {
            let reading = bulkhead.reading();
            Some(NamedReading {
                instance: reading.instance,
                name: bulkhead.name().into(),
                values: of(&reading)?,
            })
        });
        durations.collect()
    }
}

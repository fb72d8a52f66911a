//! The answers to a call that wants in.

use super::{in_flight::CellId, word};
use crate::time::{Tick, saturating_nanos};
use std::time::Duration;

/// An admitted call: what its verdict must bring back. Plain values, so that they can live in
/// registers, and few, as they stand in futures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    /// The breaker's word at admission, and flags of the ticket's own.
    pub(super) word: u64,
    /// Where the call is entered as running, if the word has [`word::ENTERED`], which knows the
    /// start. Else the start in nanoseconds, of a call that is timed, a probe or pending.
    mark: u64,
}

/// A call that was not admitted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Denied {
    pub(super) generation: u64,
    /// Nanoseconds to wait, or [`UNKNOWN_WAIT`]. One word: an `Option<Duration>` is written in
    /// parts and read whole.
    pub(super) wait: u64,
}

pub(super) const UNKNOWN_WAIT: u64 = u64::MAX;

impl Denied {
    pub(super) fn new(generation: u64, retry_after: Option<Duration>) -> Self {
        Self {
            generation,
            wait: retry_after.map_or(UNKNOWN_WAIT, saturating_nanos),
        }
    }

    pub(super) fn retry_after(self) -> Option<Duration> {
        (self.wait != UNKNOWN_WAIT).then(|| Duration::from_nanos(self.wait))
    }
}

impl Ticket {
    /// The ticket of a call that is not timed.
    pub(super) fn untimed(word: u64) -> Self {
        Self { word, mark: 0 }
    }

    /// The ticket of a call that starts now.
    pub(super) fn starting(word: u64, now: Tick) -> Self {
        Self {
            word,
            mark: now.as_nanos(),
        }
    }

    /// Notes where the call is entered as running.
    pub(super) fn enter(&mut self, cell: CellId) {
        if let Some(cell) = cell.to_bits() {
            (self.word, self.mark) = (self.word | word::ENTERED, cell);
        }
    }

    pub(super) fn cell(self) -> CellId {
        if self.word & word::ENTERED == 0 {
            CellId::NONE
        } else {
            CellId::from_bits(self.mark)
        }
    }

    /// The start, where the call is timed, a probe or pending, and not entered as running.
    pub(super) fn start(self) -> Tick {
        Tick::from_nanos(self.mark)
    }

    pub(super) fn generation(self) -> u64 {
        word::generation(self.word)
    }

    /// Notes that the call was seen pending, and how many had succeeded then. One that is timed, or
    /// a probe, keeps its start, which is the same moment but for what the call did before it
    /// waited; so a future needs no room for both.
    #[cfg(feature = "async")]
    pub(super) fn note_pending(
        &mut self,
        now: impl FnOnce() -> Tick,
        successes: impl FnOnce() -> u32,
    ) {
        if !word::is_pending(self.word) {
            if !self.is_timed() && !self.is_probe() {
                self.mark = now().as_nanos();
            }
            self.word = word::pend(self.word, successes());
        }
    }

    /// Returns the ticket without that note, and the successes that it notes; `current` is the
    /// breaker's word.
    #[cfg(feature = "async")]
    pub(super) fn take_pending(self, current: u64) -> (Self, Option<u32>) {
        if !word::is_pending(self.word) {
            return (self, None);
        }
        let (word, successes) = word::unpend(self.word, current);
        (Self { word, ..self }, Some(successes))
    }

    /// Returns `true` for a call that runs on the slot of a call around it.
    pub(super) fn is_lent(self) -> bool {
        self.word & word::LENT != 0
    }

    /// Returns `true` for a call that has a slot of a half-open state.
    pub(super) fn is_probe(self) -> bool {
        self.word & (word::MODE | word::BYSTANDER) == word::HALF_OPEN
    }

    pub(super) fn is_timed(self) -> bool {
        self.word & word::TIMED != 0
    }

    pub(super) fn is_uncounted(self) -> bool {
        self.word & word::MODE == word::DISABLED
    }
}

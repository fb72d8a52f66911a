//! The answers to a call that wants in.

use super::{in_flight::CellId, word};
use crate::time::{Tick, saturating_nanos};
use std::time::Duration;

/// An admitted call: what its verdict must bring back. Plain values, so that they can live in registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    /// The breaker's word at admission.
    pub(super) word: u64,
    /// The start in nanoseconds, where the word says that calls are timed, and of a probe.
    pub(super) start: u64,
    /// Where the call is entered as running, where calls are timed.
    pub(super) cell: CellId,
}

/// A call that was not admitted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Denied {
    pub(super) generation: u64,
    /// Nanoseconds to wait, or [`UNKNOWN_WAIT`]. One word: an `Option<Duration>` is written in parts and read whole.
    pub(super) wait: u64,
}

pub(super) const UNKNOWN_WAIT: u64 = u64::MAX;

impl Denied {
    pub(super) fn new(generation: u64, retry_after: Option<Duration>) -> Self {
        Self { generation, wait: retry_after.map_or(UNKNOWN_WAIT, saturating_nanos) }
    }

    pub(super) fn retry_after(self) -> Option<Duration> {
        (self.wait != UNKNOWN_WAIT).then(|| Duration::from_nanos(self.wait))
    }
}

impl Ticket {
    /// The ticket of a call that is not timed.
    pub(super) fn untimed(word: u64) -> Self {
        Self { word, start: 0, cell: CellId::NONE }
    }

    pub(super) fn generation(self) -> u64 {
        word::generation(self.word)
    }

    /// Notes when the call was first seen pending. One that is timed, or a probe, keeps its start, which is the same moment but for
    /// what the call did before it waited; so a future needs no room for both.
    #[cfg(feature = "async")]
    pub(super) fn note_pending(&mut self, now: impl FnOnce() -> Tick) {
        if self.word & word::PENDING == 0 {
            if !self.is_timed() && !self.is_probe() {
                self.start = now().as_nanos();
            }
            self.word |= word::PENDING;
        }
    }

    /// Returns the ticket without that note, and the note.
    #[cfg(feature = "async")]
    pub(super) fn take_pending(self) -> (Self, Option<Tick>) {
        let pending = self.word & word::PENDING != 0;
        (Self { word: self.word & !word::PENDING, ..self }, pending.then(|| Tick::from_nanos(self.start)))
    }

    /// The start, where the call is timed or a probe.
    pub(super) fn started(self) -> Tick {
        Tick::from_nanos(self.start)
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

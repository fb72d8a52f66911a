//! Admission and denial of a call.

use super::{in_flight::CellId, state_word::StateWord};
use crate::{error::RetryAfter, event::CircuitState, time::Tick};
use std::time::Duration;

/// The admission of one call, which its outcome brings back. Plain values, so that they can live in
/// registers, and few, because futures store them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admission {
    /// The breaker's word at admission, and flags of the admission's own.
    word: StateWord,
    /// The place where the call is entered as running, which has the start, if the word is marked
    /// so. Else the start in nanoseconds, of a call that is timed, a probe or pending.
    place_or_start: u64,
}

/// The denial of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Denial {
    /// The state that denied it.
    pub(super) by: DeniedBy,
    pub(super) retry_after: RetryAfter,
}

impl Denial {
    pub(super) fn new(by: DeniedBy, retry_after: Option<Duration>) -> Self {
        Self {
            by,
            retry_after: retry_after.into(),
        }
    }

    /// The denial of an open circuit whose time ends at `until`. Of two openings that follow each
    /// other, the end of one may be read beside the start of the next: nothing is left then.
    pub(super) fn until(by: DeniedBy, until: Tick, now: Tick) -> Self {
        Self {
            by,
            retry_after: RetryAfter::from_nanos(until.as_nanos().saturating_sub(now.as_nanos())),
        }
    }
}

/// A state that denied a call: its generation, and in the lowest bits its mode, as rejections carry
/// it.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeniedBy(u64);

const MODE_BITS: u32 = 3;

impl DeniedBy {
    pub(super) fn new(word: StateWord) -> Self {
        Self(word.generation() << MODE_BITS | word.mode())
    }

    pub(super) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) fn to_bits(self) -> u64 {
        self.0
    }

    pub(super) fn generation(self) -> u64 {
        self.0 >> MODE_BITS
    }

    pub(super) fn state(self) -> CircuitState {
        match self.0 & ((1 << MODE_BITS) - 1) {
            StateWord::CLOSED => CircuitState::Closed,
            StateWord::OPEN => CircuitState::Open,
            StateWord::HALF_OPEN => CircuitState::HalfOpen,
            StateWord::FORCED_OPEN => CircuitState::ForcedOpen,
            _ => CircuitState::Disabled,
        }
    }
}

impl Admission {
    /// The admission of a call that is not timed.
    #[inline]
    pub(super) fn untimed(word: StateWord) -> Self {
        Self {
            word,
            place_or_start: 0,
        }
    }

    /// The admission of a call that starts now.
    pub(super) fn starting(word: StateWord, now: Tick) -> Self {
        Self {
            word,
            place_or_start: now.as_nanos(),
        }
    }

    #[inline]
    pub(super) fn word(self) -> StateWord {
        self.word
    }

    /// Notes where the call is entered as running.
    pub(super) fn enter(&mut self, cell: CellId) {
        if let Some(cell) = cell.to_bits() {
            (self.word, self.place_or_start) = (self.word.entered(), cell);
        }
    }

    pub(super) fn cell(self) -> CellId {
        if self.word.is_entered() {
            CellId::from_bits(self.place_or_start)
        } else {
            CellId::NONE
        }
    }

    /// Returns the start, where the call is timed, a probe or pending, and not entered as running.
    pub(super) fn start(self) -> Tick {
        Tick::from_nanos(self.place_or_start)
    }

    pub(super) fn generation(self) -> u64 {
        self.word.generation()
    }

    /// Notes that the call was seen pending, and how many had succeeded then. A call that is timed,
    /// or a probe, keeps its start, which is the same moment except for what the call did before it
    /// waited; so a future needs no room for both.
    #[cfg(feature = "async")]
    pub(super) fn note_pending(
        &mut self,
        now: impl FnOnce() -> Tick,
        successes: impl FnOnce() -> u32,
    ) {
        if !self.word.is_pending() {
            if !self.is_timed() && !self.is_probe() {
                self.place_or_start = now().as_nanos();
            }
            self.word = self.word.pend(successes());
        }
    }

    /// Returns the admission without the note of [`note_pending`](Self::note_pending), and the
    /// successes in the note; `current` is the breaker's word.
    #[cfg(feature = "async")]
    pub(super) fn take_pending(self, current: StateWord) -> (Self, Option<u32>) {
        if !self.word.is_pending() {
            return (self, None);
        }
        let (word, successes) = self.word.unpend(current);
        (Self { word, ..self }, Some(successes))
    }

    /// Returns `true` for a call that runs on the slot of an outer call.
    pub(super) fn is_lent(self) -> bool {
        self.word.is_lent()
    }

    /// Returns `true` for a call that has a slot of a half-open state.
    pub(super) fn is_probe(self) -> bool {
        self.word.is_probe()
    }

    pub(super) fn is_timed(self) -> bool {
        self.word.is_timed()
    }

    /// Returns `true` for a call of a disabled breaker.
    pub(super) fn is_uncounted(self) -> bool {
        self.word.mode() == StateWord::DISABLED
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn denial_with_the_start_of_a_later_opening_has_no_time_left() {
        let [until, since] = [1, 2].map(|seconds| Tick::ZERO.after(Duration::from_secs(seconds)));
        let by = DeniedBy::from_bits(0);
        let wait = |now| Denial::until(by, until, now).retry_after.get();
        assert_eq!(wait(since), Some(Duration::ZERO));
        assert_eq!(wait(Tick::ZERO), Some(Duration::from_secs(1)));
    }
}

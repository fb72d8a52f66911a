//! The state as the fast path reads it: one word, and the times beside it.

use super::{
    history::{History, HistoryReading, RecentChange},
    state::{Effects, Phase, StateMachine},
};
use crate::{
    sync::{AtomicU64, Ordering},
    time::{Reading, Tick, saturating_nanos},
};
use once_cell::race::OnceBox;

/// Three bits of mode, flags, and the generation above. An admission keeps the word that it was
/// given by, with flags of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StateWord(u64);

const MODE: u64 = 0b111;
/// Without a window, a quick success of a closed circuit decides nothing, however often it is
/// counted.
const NO_WINDOW: u64 = 1 << 3;
/// Calls must be timed.
const TIMED: u64 = 1 << 4;
/// Nothing is rejected.
const SHADOW: u64 = 1 << 5;
/// Of admissions only: given by shadow mode alone, so that the outcome decides nothing.
const BYSTANDER: u64 = 1 << 6;
/// Of admissions only: the call was seen pending; packed by [`StateWord::pend`].
#[cfg(feature = "async")]
const PENDING: u64 = 1 << 7;
/// Of admissions only: the call is entered as running.
const ENTERED: u64 = 1 << 8;
/// Of admissions only: the call runs on the slot of an outer call.
const LENT: u64 = 1 << 9;
/// What time decides takes so long that the coarse reading of the clock does.
const COARSE: u64 = 1 << 10;
/// A quick success decides nothing until the end of the stretch that is published beside the word:
/// it is only counted, once.
const QUIET: u64 = 1 << 11;
const GENERATION: u32 = 12;
const FLAGS: u64 = (1 << GENERATION) - 1;

/// The lower half of a pending word is its flags and the low bits of its generation, the upper half
/// the wrapped number of successes.
#[cfg(feature = "async")]
const HALF: u32 = 32;

impl StateWord {
    pub(super) const CLOSED: u64 = 0;
    pub(super) const OPEN: u64 = 1;
    pub(super) const HALF_OPEN: u64 = 2;
    pub(super) const FORCED_OPEN: u64 = 3;
    pub(super) const DISABLED: u64 = 4;

    pub(super) fn of(machine: &StateMachine) -> Self {
        let mode = match machine.phase() {
            Phase::Closed => Self::CLOSED,
            Phase::Open { .. } => Self::OPEN,
            Phase::HalfOpen(_) => Self::HALF_OPEN,
            Phase::ForcedOpen => Self::FORCED_OPEN,
            Phase::Disabled => Self::DISABLED,
        };
        let flag = |set: bool, flag: u64| if set { flag } else { 0 };
        Self(
            mode | flag(machine.config().window.is_none(), NO_WINDOW)
                | flag(machine.quiet_stretch().is_some(), QUIET)
                | flag(machine.config().is_timed(), TIMED)
                | flag(machine.config().shadow, SHADOW)
                | flag(Reading::of(machine.shortest_time()).is_coarse(), COARSE)
                | machine.generation() << GENERATION,
        )
    }

    /// Returns the mode: [`CLOSED`](Self::CLOSED) and so on.
    pub(super) fn mode(self) -> u64 {
        self.0 & MODE
    }

    pub(super) fn generation(self) -> u64 {
        self.0 >> GENERATION
    }

    /// Returns `true` if a call may start at once: the circuit is closed, and calls are not timed.
    #[inline]
    pub(super) fn is_plainly_closed(self) -> bool {
        self.0 & (MODE | TIMED) == Self::CLOSED
    }

    /// Returns `true` if the circuit is closed, calls are not timed, and failures in a row alone open
    /// it: while the breaker's word stays the same, a success is only counted.
    #[inline]
    pub(super) fn is_closed_without_window(self) -> bool {
        self.0 & (MODE | TIMED | NO_WINDOW | BYSTANDER) == NO_WINDOW
    }

    /// Returns `true` if a quick success is only counted in the published stretch.
    pub(super) fn is_quiet(self) -> bool {
        self.0 & (MODE | QUIET | BYSTANDER) == QUIET
    }

    pub(super) fn is_timed(self) -> bool {
        self.0 & TIMED != 0
    }

    pub(super) fn is_coarse(self) -> bool {
        self.0 & COARSE != 0
    }

    pub(super) fn is_shadow(self) -> bool {
        self.0 & SHADOW != 0
    }

    pub(super) fn is_bystander(self) -> bool {
        self.0 & BYSTANDER != 0
    }

    pub(super) fn is_entered(self) -> bool {
        self.0 & ENTERED != 0
    }

    pub(super) fn is_lent(self) -> bool {
        self.0 & LENT != 0
    }

    /// Returns `true` if the call has a slot of a half-open state.
    pub(super) fn is_probe(self) -> bool {
        self.0 & (MODE | BYSTANDER) == Self::HALF_OPEN
    }

    /// Returns the word of an admission that shadow mode alone gives.
    pub(super) fn bystander(self, generation: u64) -> Self {
        let flags = self.0 & FLAGS;
        Self(flags & !(TIMED | QUIET) | BYSTANDER | generation << GENERATION)
    }

    pub(super) fn lent(self) -> Self {
        Self(self.0 | LENT)
    }

    pub(super) fn entered(self) -> Self {
        Self(self.0 | ENTERED)
    }

    /// Returns the breaker's own part of the word of a call that is entered as running.
    pub(super) fn left(self) -> Self {
        Self(self.0 & !ENTERED)
    }

    /// Packs the word of an admission with the number of successes when its call was first seen
    /// pending.
    #[cfg(feature = "async")]
    pub(super) fn pend(self, successes: u32) -> Self {
        Self(self.0 & ((1 << HALF) - 1) | PENDING | u64::from(successes) << HALF)
    }

    #[cfg(feature = "async")]
    pub(super) fn is_pending(self) -> bool {
        self.0 & PENDING != 0
    }

    /// Unpacks the result of [`pend`](Self::pend). The upper bits of the generation are those of
    /// `current`, a word that the breaker had later: fewer than 2^20 changes of state lie between,
    /// or the call is taken for a later one.
    #[cfg(feature = "async")]
    pub(super) fn unpend(self, current: Self) -> (Self, u32) {
        const LOW: u64 = (1 << (HALF - GENERATION)) - 1;
        let (low, now) = (self.0 >> GENERATION & LOW, current.generation());
        let generation = now.wrapping_sub(now.wrapping_sub(low) & LOW);
        (
            Self(self.0 & FLAGS & !PENDING | generation << GENERATION),
            (self.0 >> HALF) as u32,
        )
    }
}

/// The published state: what every call reads, on a cache line that neither reference counts nor
/// the lock share.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct PublishedState {
    /// A [`StateWord`]. Written under the lock.
    word: AtomicU64,
    /// The end of the latest open time. Written under the lock, before the word of the open state.
    open_until: AtomicU64,
    /// The start of the latest open time. Written in the same way.
    open_since: AtomicU64,
    /// The nanoseconds above which a call is slow. Written under the lock.
    slow_above: AtomicU64,
    /// The stretch of time in which a success is only counted. Written under the lock.
    quiet_from: AtomicU64,
    quiet_until: AtomicU64,
    /// When the breaker was made. Here, as the history, because the line has room for both.
    made: Tick,
    /// Made by the first change of state.
    history: OnceBox<History>,
}

impl PublishedState {
    pub(super) fn new(machine: &StateMachine) -> Self {
        let quiet = machine.quiet_stretch().unwrap_or_default();
        Self {
            word: AtomicU64::new(StateWord::of(machine).0),
            open_until: AtomicU64::new(0),
            open_since: AtomicU64::new(0),
            slow_above: AtomicU64::new(slow_above(machine)),
            quiet_from: AtomicU64::new(quiet.start.as_nanos()),
            quiet_until: AtomicU64::new(quiet.end.as_nanos()),
            made: machine.since(),
            history: OnceBox::new(),
        }
    }

    /// Adds changes of state to the history, under the lock and before they are published.
    pub(super) fn note_history(&self, effects: &Effects) {
        let history = (self.history).get_or_init(|| Box::new(History::new(self.made)));
        history.record(effects, self.open_time().1);
    }

    /// Returns the last changes of state, oldest first.
    pub(super) fn recent_changes(&self) -> Vec<RecentChange> {
        self.history.get().map_or_else(Vec::new, History::recent)
    }

    /// Returns the history up to `now`.
    pub(super) fn history_at(&self, now: Tick) -> HistoryReading {
        match self.history.get() {
            Some(history) => history.read_at(now, self.open_time().1),
            None => HistoryReading::closed_at(now, self.made),
        }
    }

    /// Loads the word together with what led to it.
    #[inline]
    pub(super) fn word(&self) -> StateWord {
        // Acquire pairs with the Release in `publish`.
        StateWord(self.word.load(Ordering::Acquire))
    }

    /// Loads the word where it only chooses between two correct ways.
    #[inline]
    pub(super) fn word_relaxed(&self) -> StateWord {
        StateWord(self.word.load(Ordering::Relaxed))
    }

    /// Returns the start and the end of the latest open time, after a word was loaded.
    pub(super) fn open_time(&self) -> (Tick, Tick) {
        // Relaxed: ordered after the word by its Acquire. The end of a later open time may be read,
        // which rejects as rightly: the circuit was open again by then.
        let until = self.open_until.load(Ordering::Relaxed);
        // Acquire pairs with the Release in `publish`, for `Shell::leave_time_line`.
        let since = self.open_since.load(Ordering::Acquire);
        (Tick::from_nanos(since), Tick::from_nanos(until))
    }

    pub(super) fn is_slow(&self, start: Tick, now: Tick) -> bool {
        // Relaxed: a limit that is being changed may be the old one or the new one.
        let elapsed = now.as_nanos().saturating_sub(start.as_nanos());
        elapsed > self.slow_above.load(Ordering::Relaxed)
    }

    /// Returns `true` if the quiet stretch lasts as long as the state.
    pub(super) fn is_always_quiet(&self) -> bool {
        // Relaxed: as in `is_quiet_at`.
        self.quiet_until.load(Ordering::Relaxed) == Tick::MAX.as_nanos()
    }

    /// Returns `true` if `now` lies in the quiet stretch.
    pub(super) fn is_quiet_at(&self, now: Tick) -> bool {
        // Relaxed: of two stretches that follow each other, the start of one may be read beside the
        // end of the other. A success between them counts in the later bucket, as one does that
        // waits for the lock.
        let from = self.quiet_from.load(Ordering::Relaxed);
        (from..self.quiet_until.load(Ordering::Relaxed)).contains(&now.as_nanos())
    }

    /// Publishes the state, under the lock; `on_new_limit` is called if the limit of slow calls has
    /// changed.
    pub(super) fn publish(&self, machine: &StateMachine, on_new_limit: impl FnOnce()) {
        if let Phase::Open { until } = machine.phase() {
            // Relaxed: the Release below orders it before the word.
            self.open_until.store(until.as_nanos(), Ordering::Relaxed);
            // Release pairs with the Acquire in `open_time`.
            self.open_since
                .store(machine.since().as_nanos(), Ordering::Release);
        }
        // Each store is made only where it changes something: a cache line that no thread writes
        // stays shared.
        let slow = slow_above(machine);
        if self.slow_above.load(Ordering::Relaxed) != slow {
            self.slow_above.store(slow, Ordering::Relaxed);
            on_new_limit();
        }
        let quiet = machine.quiet_stretch().unwrap_or_default();
        for (published, now) in [
            (&self.quiet_from, quiet.start),
            (&self.quiet_until, quiet.end),
        ] {
            if published.load(Ordering::Relaxed) != now.as_nanos() {
                published.store(now.as_nanos(), Ordering::Relaxed);
            }
        }
        let word = StateWord::of(machine);
        if self.word_relaxed() != word {
            // Release pairs with the Acquire in `word`.
            self.word.store(word.0, Ordering::Release);
        }
    }
}

fn slow_above(machine: &StateMachine) -> u64 {
    machine
        .config()
        .slow_call
        .map_or(u64::MAX, saturating_nanos)
}

#[cfg(all(test, not(loom), feature = "async"))]
mod tests {
    use super::*;

    #[test]
    fn pending_word_is_unpacked_whole_whatever_the_generation() {
        let changes = 1 << (HALF - GENERATION);
        for generation in [
            0,
            1,
            changes - 1,
            changes,
            changes + 1,
            3 * changes - 1,
            1 << 40,
        ] {
            for later in [0, 1, 1000, changes - 1] {
                let word =
                    StateWord(generation << GENERATION | TIMED | StateWord::HALF_OPEN | ENTERED);
                let pending = word.pend(u32::MAX - 7);
                assert!(pending.is_pending() && !word.is_pending());
                assert_eq!(
                    pending.unpend(StateWord(
                        (generation + later) << GENERATION | StateWord::OPEN
                    )),
                    (word, u32::MAX - 7)
                );
            }
        }
    }
}

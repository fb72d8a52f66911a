//! Running calls, so that a call can be counted as slow before it ends.
//!
//! Only breakers whose calls are timed keep them. Each thread enters its calls in a slab of its own,
//! so that entering needs no atomic read-modify-write; a call may end on another thread. No thread
//! watches the clock: the next call or outcome after a call may have become slow searches for it,
//! under the breaker's lock.
//!
//! One list behind a lock is slower where two threads call: 305 ns a call beside 62, on two cores;
//! `cargo bench -p gardefou-benches --bench breaker "slow calls"` measures both.

mod cell;
mod slab;

use crate::{
    per_thread::{self, Durations, DurationsReading, PerThread},
    sync::{AtomicU64, Ordering},
    time::Tick,
};
pub(super) use cell::{EndedCall, Overdue};
use slab::Slab;
use std::ops::ControlFlow;

/// The running calls of one breaker.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    slabs: PerThread<Slab>,
    /// Before this tick no call can have become slow. Written under the breaker's lock.
    next_check: AtomicU64,
    /// How long calls took that have ended.
    durations: Durations,
}

/// Where a call is entered; zero where it is not, because a thread ends or has too many running
/// calls.
///
/// A whole word, although half of one would do: an admission that is written in halves and read in
/// words stalls the processor for longer than all the rest takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CellId(u64);

impl CellId {
    pub(super) const NONE: Self = Self(0);

    fn new(thread: u32, place: u32) -> Self {
        Self((u64::from(thread) << 32 | u64::from(place)) + 1)
    }

    /// The bits of a place; `None` where the call is not entered.
    pub(super) fn to_bits(self) -> Option<u64> {
        (self != Self::NONE).then_some(self.0)
    }

    pub(super) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The thread and the place in its slab.
    fn parts(self) -> Option<(u32, u32)> {
        let id = self.0.checked_sub(1)?;
        Some(((id >> 32) as u32, id as u32))
    }
}

impl InFlight {
    /// Enters a call that starts now.
    pub(super) fn enter(&self, start: Tick, generation: u64) -> CellId {
        let (Some(thread), Some(slab)) = (per_thread::current(), self.slabs.mine(Slab::default))
        else {
            return CellId::NONE;
        };
        let Some((place, cell)) = slab.take_free() else {
            return CellId::NONE;
        };
        cell.enter(start, generation);
        CellId::new(thread, place)
    }

    /// Removes a call that started at `start`, if it was not entered.
    pub(super) fn leave(&self, id: CellId, start: Tick) -> EndedCall {
        let find = || {
            let (thread, place) = id.parts()?;
            let slab = self.slabs.get(thread as usize)?;
            Some((thread, place, slab, slab.cell(place)?))
        };
        let Some((thread, place, slab, cell)) = find() else {
            return EndedCall::not_entered(start);
        };
        let ended = cell.leave();
        if !ended.was_entered() {
            return EndedCall::not_entered(start);
        }
        slab.free(place, cell, per_thread::current() == Some(thread));
        ended
    }

    /// Returns when a running call started.
    #[cfg(feature = "async")]
    pub(super) fn start(&self, id: CellId) -> Option<Tick> {
        let (thread, place) = id.parts()?;
        Some(self.slabs.get(thread as usize)?.cell(place)?.start())
    }

    /// Returns the entry under which a running call was counted.
    #[cfg(all(test, not(loom)))]
    pub(super) fn entry(&self, id: CellId) -> Option<super::window::EntryId> {
        let (thread, place) = id.parts()?;
        self.slabs.get(thread as usize)?.cell(place)?.entry()
    }

    /// Counts how long a call took, in nanoseconds.
    pub(super) fn note_duration(&self, nanos: u64) {
        self.durations.record(nanos);
    }

    pub(super) fn durations(&self) -> DurationsReading {
        self.durations.read()
    }

    /// Returns `true` if a call may have become slow since the last check.
    pub(super) fn is_due(&self, now: Tick) -> bool {
        // Relaxed: a check that comes a call later finds the same.
        now.as_nanos() >= self.next_check.load(Ordering::Relaxed)
    }

    /// Makes the next call check, because the limit has changed.
    pub(super) fn check_soon(&self) {
        self.next_check.store(0, Ordering::Relaxed);
    }

    /// Finds the calls of `generation` that run for more than `limit` nanoseconds and are not
    /// counted yet. `count` gets the start of each, together with the means to claim it, and
    /// returns whether to go on. Under the breaker's lock.
    pub(super) fn count_overdue(
        &self,
        now: Tick,
        limit: u64,
        generation: u64,
        mut count: impl FnMut(Overdue<'_>) -> bool,
    ) {
        let mut earliest = now.as_nanos();
        for block in self.slabs.iter().flat_map(Slab::blocks) {
            match block.count_overdue(now.as_nanos(), limit, generation, &mut count) {
                ControlFlow::Continue(start) => earliest = earliest.min(start),
                // The state has changed: none of the remaining calls counts any more.
                ControlFlow::Break(()) => break,
            }
        }
        // A call that starts later than the earliest becomes slow later too. One nanosecond more,
        // because a call that takes exactly the limit is not slow.
        self.next_check.store(
            earliest.saturating_add(limit).saturating_add(1),
            Ordering::Relaxed,
        );
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{super::window::EntryId, *};

    fn overdue(calls: &InFlight, now: u64, limit: u64, generation: u64) -> Vec<u64> {
        let mut starts = Vec::new();
        calls.count_overdue(Tick::from_nanos(now), limit, generation, |call| {
            starts.push(call.start().as_nanos());
            call.claim(EntryId(7))
        });
        starts
    }

    #[test]
    fn call_is_counted_once_and_known_as_counted_when_it_ends() {
        let calls = InFlight::default();
        let _of_an_older_state = calls.enter(Tick::from_nanos(1), 0);
        let id = calls.enter(Tick::from_nanos(10), 1);
        assert!(
            overdue(&calls, 15, 5, 1).is_empty(),
            "exactly the limit is not slow"
        );
        assert!(!calls.is_due(Tick::from_nanos(15)) && calls.is_due(Tick::from_nanos(16)));
        assert_eq!(overdue(&calls, 16, 5, 1), [10]);
        assert!(overdue(&calls, 17, 5, 1).is_empty(), "counted already");
        let ended = calls.leave(id, Tick::ZERO);
        assert!(ended.was_entered());
        assert_eq!(
            (ended.start, ended.counted()),
            (Tick::from_nanos(10), Some(EntryId(7)))
        );
        assert!(!calls.leave(id, Tick::ZERO).was_entered());
    }

    #[test]
    fn every_running_call_has_a_cell_and_freed_cells_are_reused() {
        let calls = InFlight::default();
        let ids: Vec<_> = (0..50_000)
            .map(|start| calls.enter(Tick::from_nanos(start), 0))
            .collect();
        assert!(!ids.contains(&CellId::NONE));
        assert!(!calls.leave(CellId::NONE, Tick::ZERO).was_entered());
        assert_eq!(overdue(&calls, 100_000, 0, 0).len(), 50_000);
        assert_eq!(
            calls.leave(ids[1000], Tick::ZERO).counted(),
            Some(EntryId(7))
        );
        assert_eq!(calls.enter(Tick::ZERO, 0), ids[1000]);
    }

    #[test]
    fn cells_freed_by_another_thread_return_to_their_slab() {
        let calls = InFlight::default();
        let mut ids: Vec<_> = (0..100)
            .map(|start| calls.enter(Tick::from_nanos(start), 0))
            .collect();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                ids.iter()
                    .for_each(|id| assert_eq!(calls.leave(*id, Tick::ZERO).counted(), None));
            });
        });
        let mut again: Vec<_> = (0..100)
            .map(|start| calls.enter(Tick::from_nanos(start), 0))
            .collect();
        ids.sort_by_key(|id| id.0);
        again.sort_by_key(|id| id.0);
        assert_eq!(again, ids);
    }

    #[test]
    fn calls_that_become_slow_one_by_one_are_found_one_by_one() {
        let calls = InFlight::default();
        for start in 0..1000 {
            calls.enter(Tick::from_nanos(start), 0);
        }
        for start in 0..1000 {
            assert!(calls.is_due(Tick::from_nanos(start + 11)), "{start}");
            assert_eq!(overdue(&calls, start + 11, 10, 0), [start]);
            assert!(!calls.is_due(Tick::from_nanos(start + 11)), "{start}");
        }
    }

    #[test]
    fn call_in_a_cell_that_was_free_at_the_last_check_is_found() {
        let calls = InFlight::default();
        let id = calls.enter(Tick::from_nanos(5), 0);
        calls.leave(id, Tick::ZERO);
        assert!(overdue(&calls, 100, 10, 0).is_empty());
        assert_eq!(calls.enter(Tick::from_nanos(100), 0), id);
        assert!(overdue(&calls, 110, 10, 0).is_empty());
        assert_eq!(overdue(&calls, 111, 10, 0), [100]);
    }
}

//! The calls that are running, so that one can be seen to be slow before it ends.
//!
//! Only breakers with a `slow_call` keep this. Each thread enters its calls in cells of its own, so that entering needs
//! no atomic read-modify-write; a call may end on another thread. Nobody watches the clock: the next call or verdict
//! after a cell may have come due looks through them all, under the breaker's lock.

use super::{
    threads::{self, PerThread},
    window::EntryId,
};
use crate::{
    sync::{AtomicU32, AtomicU64, Ordering},
    time::Tick,
};
use once_cell::race::OnceBox;

/// The running calls of one breaker.
#[derive(Debug)]
pub(super) struct InFlight {
    lanes: PerThread<Lane>,
    /// Before this tick no call can have become slow. Written under the breaker's lock.
    next_look: AtomicU64,
}

/// The cells of one thread.
#[derive(Debug)]
struct Lane {
    /// Where a free cell is likely. Written by the owner and by whoever frees one.
    hint: AtomicU32,
    /// How many cells there are. Written by the owner.
    made: AtomicU32,
    /// Each twice as long as the one before.
    segments: [OnceBox<Box<[Cell]>>; SEGMENTS],
}

#[derive(Debug)]
struct Cell {
    /// In which generation the call was admitted. Written by the owner, before `call`.
    generation: AtomicU64,
    /// [`FREE`]; or the start of a running call, plus one; or, with [`COUNTED`], the entry under which it was counted
    /// as slow. Free to taken: the owner of the lane alone. To free: who holds the call. To counted: under the lock.
    call: AtomicU64,
}

/// Where a call is entered; zero where it is not, because a thread had too many running at once.
///
/// A whole word, although half of one would do: a ticket that is written in halves and read in words stalls the
/// processor for longer than all the rest takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CellId(u64);

impl CellId {
    pub(super) const NONE: Self = Self(0);

    /// The thread and the place in its lane.
    fn parts(self) -> Option<(usize, u32)> {
        let id = self.0.checked_sub(1)?;
        Some(((id >> PLACE_BITS) as usize, (id & ((1 << PLACE_BITS) - 1)) as u32))
    }
}

const FREE: u64 = 0;
const COUNTED: u64 = 1 << 63;
const FIRST_SEGMENT: u32 = 16;
/// Room for 2,032 running calls a thread; more are judged when they end only.
const SEGMENTS: usize = 7;
/// The bits of a cell's place in its lane.
const PLACE_BITS: u32 = 11;

impl InFlight {
    pub(super) fn new() -> Self {
        Self { lanes: PerThread::new(), next_look: AtomicU64::new(0) }
    }

    /// Enters a call that starts now.
    pub(super) fn enter(&self, start: Tick, generation: u64) -> CellId {
        let (Some(thread), Some(lane)) = (threads::current(), self.lanes.mine(Lane::new)) else {
            return CellId::NONE;
        };
        let Some(place) = lane.free_place() else { return CellId::NONE };
        let Some(cell) = lane.cell(place) else { return CellId::NONE };
        // Relaxed: the Release below orders it for `count_overdue`.
        cell.generation.store(generation, Ordering::Relaxed);
        cell.call.store(start.as_nanos().saturating_add(1) & !COUNTED, Ordering::Release);
        CellId((u64::from(thread) << PLACE_BITS | u64::from(place)) + 1)
    }

    /// Takes a call out; returns the entry under which it was counted while it ran.
    pub(super) fn leave(&self, id: CellId) -> Option<EntryId> {
        let (thread, place) = id.parts()?;
        let lane = self.lanes.get(thread)?;
        // AcqRel: who takes the cell next comes after this call, and the count of `count_overdue` comes before.
        let call = lane.cell(place)?.call.swap(FREE, Ordering::AcqRel);
        lane.hint.store(place, Ordering::Relaxed);
        (call & COUNTED != 0).then_some(EntryId(call & !COUNTED))
    }

    /// Returns the entry under which a running call was counted.
    #[cfg(all(test, not(loom)))]
    pub(super) fn entry(&self, id: CellId) -> Option<EntryId> {
        let (thread, place) = id.parts()?;
        let cell = self.lanes.get(thread)?.cell(place)?;
        let call = cell.call.load(Ordering::Relaxed);
        (call & COUNTED != 0).then_some(EntryId(call & !COUNTED))
    }

    /// Tells whether a call may have become slow since the last look.
    pub(super) fn is_due(&self, now: Tick) -> bool {
        // Relaxed: a look that comes a call later finds the same.
        now.as_nanos() >= self.next_look.load(Ordering::Relaxed)
    }

    /// Makes the next call look, as a new limit demands.
    pub(super) fn look_soon(&self) {
        self.next_look.store(0, Ordering::Relaxed);
    }

    /// Finds the calls of `generation` that run for more than `limit` nanoseconds and are not counted yet. `count` gets
    /// the start of each, together with the means to claim it, and says whether to go on. Under the breaker's lock.
    pub(super) fn count_overdue(
        &self,
        now: Tick,
        limit: u64,
        generation: u64,
        mut count: impl FnMut(Overdue<'_>) -> bool,
    ) {
        let mut earliest = now.as_nanos();
        for cell in self.lanes.iter().flat_map(Lane::cells) {
            // Acquire pairs with the Release in `enter`: the generation belongs to the call.
            let call = cell.call.load(Ordering::Acquire);
            if call == FREE || call & COUNTED != 0 || cell.generation.load(Ordering::Relaxed) != generation {
                continue;
            }
            let start = call - 1;
            if now.as_nanos().saturating_sub(start) <= limit {
                earliest = earliest.min(start);
            } else if !count(Overdue { cell, call }) {
                break;
            }
        }
        // A call that starts later than the earliest becomes slow later too. One nanosecond more, because a call that
        // takes exactly the limit is not slow.
        self.next_look.store(earliest.saturating_add(limit).saturating_add(1), Ordering::Relaxed);
    }
}

/// A running call that is slow.
pub(super) struct Overdue<'a> {
    cell: &'a Cell,
    call: u64,
}

impl Overdue<'_> {
    pub(super) fn start(&self) -> Tick {
        Tick::from_nanos(self.call - 1)
    }

    /// Marks the call as counted under an entry; `false` where it has ended meanwhile and counts itself.
    pub(super) fn claim(&self, entry: EntryId) -> bool {
        let counted = COUNTED | entry.0;
        self.cell.call.compare_exchange(self.call, counted, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

impl Lane {
    fn new() -> Self {
        Self { hint: AtomicU32::new(0), made: AtomicU32::new(0), segments: std::array::from_fn(|_| OnceBox::new()) }
    }

    /// Finds a free cell, or makes new ones. Called by the owner alone.
    fn free_place(&self) -> Option<u32> {
        let made = self.made.load(Ordering::Relaxed);
        let hint = self.hint.load(Ordering::Relaxed);
        // The first one or two are nearly always free. Where all are taken the whole lane was walked before it grows,
        // so that it is never longer than twice what was needed at once.
        for probe in 0..made {
            let place = (hint + probe) % made;
            // Acquire pairs with the AcqRel in `leave`.
            if self.cell(place).is_some_and(|cell| cell.call.load(Ordering::Acquire) == FREE) {
                self.hint.store(place + 1, Ordering::Relaxed);
                return Some(place);
            }
        }
        let (segment, at) = position(made);
        debug_assert_eq!(at, 0, "segments are made whole");
        let len = FIRST_SEGMENT << segment;
        let make = || Cell { generation: AtomicU64::new(0), call: AtomicU64::new(FREE) };
        self.segments.get(segment)?.get_or_init(|| Box::new((0..len).map(|_| make()).collect()));
        // Relaxed: the owner alone reads it.
        self.made.store(made + len, Ordering::Relaxed);
        self.hint.store(made + 1, Ordering::Relaxed);
        Some(made)
    }

    fn cell(&self, place: u32) -> Option<&Cell> {
        let (segment, at) = position(place);
        self.segments.get(segment)?.get()?.get(at as usize)
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.segments.iter().filter_map(OnceBox::get).flat_map(|segment| segment.iter())
    }
}

/// The segment that holds a place, and where in it.
fn position(place: u32) -> (usize, u32) {
    // Segment `k` starts at FIRST_SEGMENT * (2^k - 1).
    let segment = (place / FIRST_SEGMENT + 1).ilog2();
    (segment as usize, place - FIRST_SEGMENT * ((1 << segment) - 1))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn overdue(calls: &InFlight, now: u64, limit: u64, generation: u64) -> Vec<u64> {
        let mut starts = Vec::new();
        calls.count_overdue(Tick::from_nanos(now), limit, generation, |call| {
            starts.push(call.start().as_nanos());
            call.claim(EntryId(7))
        });
        starts
    }

    #[test]
    fn a_call_is_counted_once_and_tells_so_when_it_ends() {
        let calls = InFlight::new();
        let id = calls.enter(Tick::from_nanos(10), 1);
        assert!(overdue(&calls, 15, 5, 1).is_empty(), "exactly the limit is not slow");
        assert!(!calls.is_due(Tick::from_nanos(15)) && calls.is_due(Tick::from_nanos(16)));
        assert!(overdue(&calls, 16, 5, 2).is_empty(), "a call of another generation");
        assert_eq!(overdue(&calls, 16, 5, 1), [10]);
        assert!(overdue(&calls, 17, 5, 1).is_empty(), "counted already");
        assert_eq!(calls.leave(id), Some(EntryId(7)));
        assert_eq!(calls.leave(id), None);
    }

    #[test]
    fn every_running_call_up_to_the_bound_has_a_cell_and_freed_ones_are_used_again() {
        let calls = InFlight::new();
        let ids: Vec<_> = (0..2032).map(|start| calls.enter(Tick::from_nanos(start), 0)).collect();
        assert!(!ids.contains(&CellId::NONE));
        assert_eq!(calls.enter(Tick::ZERO, 0), CellId::NONE, "one more is not watched");
        assert_eq!(calls.leave(CellId::NONE), None);
        assert_eq!(overdue(&calls, 10_000, 0, 0).len(), 2032);
        assert_eq!(calls.leave(ids[1000]), Some(EntryId(7)));
        assert_eq!(calls.enter(Tick::ZERO, 0), ids[1000]);
    }
}

//! Place of one running call, and the block of neighbours that is checked at once.

use super::super::window::EntryId;
use crate::{
    sync::{AtomicU32, AtomicU64, Ordering},
    time::Tick,
};
use std::ops::ControlFlow;

/// The place of one running call.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// In which generation the call was admitted. Written by the owner, before `call`.
    generation: AtomicU64,
    /// [`FREE`]; or the start of a running call, plus one; or, with [`COUNTED`], the entry under
    /// which it was counted as slow. Free to taken: by the owner of the slab alone. To free: by the
    /// holder of the call. To counted: under the lock.
    call: AtomicU64,
    /// The start of the call, also when it is counted. Written by the owner, before `call`.
    start: AtomicU64,
    /// While the cell is free: the next free one of the slab, plus one. Written by the thread that
    /// frees it.
    pub(super) next_free: AtomicU32,
}

const FREE: u64 = 0;
const COUNTED: u64 = 1 << 63;

/// A call that was removed. Two words, which are returned in registers.
#[derive(Clone, Copy)]
pub(in super::super) struct EndedCall {
    /// When it started.
    pub(in super::super) start: Tick,
    /// What its cell held.
    call: u64,
}

impl EndedCall {
    /// A call that was not entered as running.
    pub(in super::super) fn not_entered(start: Tick) -> Self {
        Self { start, call: FREE }
    }

    pub(in super::super) fn was_entered(self) -> bool {
        self.call != FREE
    }

    /// Returns the entry under which it was counted while it ran.
    pub(in super::super) fn counted(self) -> Option<EntryId> {
        (self.call & COUNTED != 0).then_some(EntryId(self.call & !COUNTED))
    }
}

impl Cell {
    pub(super) fn enter(&self, start: Tick, generation: u64) {
        // Relaxed: the Release below orders them for `Block::count_overdue`.
        self.generation.store(generation, Ordering::Relaxed);
        self.start.store(start.as_nanos(), Ordering::Relaxed);
        self.call.store(
            start.as_nanos().saturating_add(1) & !COUNTED,
            Ordering::Release,
        );
    }

    /// Frees the cell; the call was not entered where it was free already.
    pub(super) fn leave(&self) -> EndedCall {
        let start = self.start();
        // AcqRel: the next owner of the cell comes after this call, and the count of
        // `count_overdue` comes before.
        let call = self.call.swap(FREE, Ordering::AcqRel);
        EndedCall { start, call }
    }

    /// Returns the start of the call; only for the holder of the call.
    pub(super) fn start(&self) -> Tick {
        // Relaxed: the holder of the call comes after the thread that entered it.
        Tick::from_nanos(self.start.load(Ordering::Relaxed))
    }

    #[cfg(all(test, not(loom)))]
    pub(super) fn entry(&self) -> Option<EntryId> {
        let call = self.call.load(Ordering::Relaxed);
        (call & COUNTED != 0).then_some(EntryId(call & !COUNTED))
    }
}

/// Some cells of a slab with a bound on their starts, so that a check skips what cannot be slow
/// yet.
pub(super) struct Block<'a> {
    pub(super) cells: &'a [Cell],
    /// No call in these cells that counts started earlier, except a call that read the clock before
    /// a check and was entered after it, which is found late by as much. Written under the
    /// breaker's lock, and not when a call is entered: it starts later.
    pub(super) earliest: &'a AtomicU64,
}

impl Block<'_> {
    /// Finds calls that run for more than `limit`; returns the bound on the starts of those that
    /// may become slow.
    pub(super) fn count_overdue(
        &self,
        now: u64,
        limit: u64,
        generation: u64,
        count: &mut impl FnMut(Overdue<'_>) -> bool,
    ) -> ControlFlow<(), u64> {
        // Relaxed: read and written under the lock.
        let known = self.earliest.load(Ordering::Relaxed);
        if now.saturating_sub(known) <= limit {
            return ControlFlow::Continue(known);
        }
        let mut earliest = now;
        for cell in self.cells {
            // Acquire pairs with the Release in `enter`: the generation belongs to the call.
            let call = cell.call.load(Ordering::Acquire);
            if call == FREE
                || call & COUNTED != 0
                || cell.generation.load(Ordering::Relaxed) != generation
            {
                continue;
            }
            let start = call - 1;
            if now.saturating_sub(start) <= limit {
                earliest = earliest.min(start);
            } else if !count(Overdue { cell, call }) {
                return ControlFlow::Break(());
            }
        }
        self.earliest.store(earliest, Ordering::Relaxed);
        ControlFlow::Continue(earliest)
    }
}

/// A running call that is slow.
pub(in super::super) struct Overdue<'a> {
    cell: &'a Cell,
    call: u64,
}

impl Overdue<'_> {
    pub(in super::super) fn start(&self) -> Tick {
        Tick::from_nanos(self.call - 1)
    }

    /// Marks the call as counted under an entry; `false` if it has ended meanwhile and counts
    /// itself.
    pub(in super::super) fn claim(&self, entry: EntryId) -> bool {
        let counted = COUNTED | entry.0;
        self.cell
            .call
            .compare_exchange(self.call, counted, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }
}

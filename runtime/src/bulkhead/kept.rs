//! Slots that threads keep between two of their calls, so that threads which share a bulkhead do not
//! pass one cache line to and fro.
//!
//! Each thread has a cell of its own. While the state word is [`KEEPING`](StateWord), a thread whose
//! call ends far from the limit leaves the slot taken in the word and puts it into its cell, from which
//! its next call takes it: neither writes anything that threads share. A program whose threads never
//! meet at the word stays without: the first exchange that fails because of another thread begins it.
//!
//! A kept slot delays, rejects and reorders no call. Wherever the word alone does not decide, it is
//! made to: a call that finds all slots taken, one that has to wait, a change of the limit, a success
//! that may raise an adaptive limit, and a reader first *collect* under the lock, and find the word as
//! it is without kept slots.
//!
//! 1. The word gets the mark `COLLECTING`: no thread keeps another slot.
//! 2. Each kept slot is taken out of its cell.
//! 3. One exchange frees these slots in the word and takes both marks away. Until then every other call
//!    that finds the word full waits for the lock, so that none is rejected while a slot is between a
//!    cell and the word.
//!
//! A thread puts a slot into its cell first and reads the word again then; a collection marks the word
//! first and reads the cell then. All four are sequentially consistent. So either the thread sees the
//! mark, takes the slot back and frees it in the word, as the end of a call that was late; or the
//! collection finds it. What it finds it takes by an exchange, and so does the thread: one of them has
//! it.
//!
//! Calls that wait are marked in the word after a collection and while it is not `KEEPING`. A call that
//! takes a kept slot took it before the collection looked at its cell, and so came before every call
//! that waits.

use super::{
    inner::{Inner, Locked},
    state_word::StateWord,
};
use crate::{
    per_thread::{self, PerThread},
    sync::{AtomicU64, MutexGuard, Ordering, fence},
};

/// The cells of all threads at one bulkhead.
#[derive(Debug)]
pub(super) struct Kept {
    cells: PerThread<Cell>,
}

/// Bit 0 is set while the thread keeps a slot; above it stands how many calls took one from here. Only
/// its thread sets the bit, so that while it is unset nobody else writes.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Cell(AtomicU64);

const SLOT: u64 = 1;

impl Kept {
    pub(super) fn new() -> Self {
        Self {
            cells: PerThread::lazy(),
        }
    }

    #[inline]
    fn mine(&self) -> Option<&Cell> {
        self.cells.get(per_thread::current()? as usize)
    }

    /// Takes the slot that this thread keeps, for a call.
    #[inline]
    pub(super) fn take(&self) -> bool {
        let Some(Cell(cell)) = self.mine() else {
            return false;
        };
        let value = cell.load(Ordering::Relaxed);
        // The carry of the bit counts the call. Acquire pairs with the store in `put`, by the thread
        // that had this cell before. It fails where the slot was collected.
        value & SLOT != 0
            && cell
                .compare_exchange(value, value + SLOT, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
    }

    /// Keeps the slot of a call that ended; returns `false` if it is to be freed in the word.
    #[inline]
    pub(super) fn put(&self, word: &AtomicU64) -> bool {
        let Some(Cell(cell)) = self.mine() else {
            self.make();
            return false;
        };
        let value = cell.load(Ordering::Relaxed);
        if value & SLOT != 0 {
            return false;
        }
        let kept = value | SLOT;
        // Also Release: whoever takes the slot sees what this call wrote.
        cell.store(kept, Ordering::SeqCst);
        // Loom takes sequentially consistent accesses for Acquire and Release.
        #[cfg(loom)]
        fence(Ordering::SeqCst);
        // Also Acquire: calls that take the slot see the round of an adaptive limit.
        if StateWord(word.load(Ordering::SeqCst)).may_keep() {
            return true;
        }
        // It fails where the slot was collected, and is not this call's any more.
        cell.compare_exchange(kept, value, Ordering::Relaxed, Ordering::Relaxed)
            .is_err()
    }

    /// Makes the cell of this thread.
    #[cold]
    fn make(&self) {
        let _ = self.cells.mine(Cell::default);
        // Pairs with the fence in `collect`: the cell is found wherever a mark is not seen later.
        fence(Ordering::SeqCst);
    }

    /// Takes all kept slots, and returns how many there were. Under the lock, after the mark.
    pub(super) fn collect(&self) -> u32 {
        fence(Ordering::SeqCst);
        let mut collected = 0;
        for Cell(cell) in self.cells.iter() {
            let value = cell.load(Ordering::SeqCst);
            // Acquire pairs with the store in `put`. It fails where the thread has just taken the slot,
            // and keeps no other one.
            let is_taken = value & SLOT != 0
                && cell
                    .compare_exchange(value, value - SLOT, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok();
            collected += u32::from(is_taken);
        }
        collected
    }

    /// Returns how many threads keep a slot.
    pub(super) fn slots(&self) -> u32 {
        // Relaxed: a number for display, which the caller compares with the word.
        (self.cells).sum(|Cell(cell)| cell.load(Ordering::Relaxed) & SLOT) as u32
    }

    /// Returns how many calls took a kept slot.
    pub(super) fn admitted(&self) -> u64 {
        // Relaxed: exact after a collection under the same lock, as nobody takes a slot then.
        self.cells
            .sum(|Cell(cell)| cell.load(Ordering::Relaxed) / 2)
    }
}

impl Inner {
    /// Takes the slot that this thread keeps, or else a free one.
    #[inline(never)]
    pub(super) fn enter_keeping(&self) -> bool {
        self.kept.take() || self.enter_contended(self.raw_word(), false)
    }

    /// Takes a free slot beside other threads; where the exchange failed because of one, they keep
    /// slots from then on.
    #[cold]
    #[inline(never)]
    pub(super) fn enter_contended(&self, mut word: StateWord, mut is_contended: bool) -> bool {
        while let Some(next) = word.admit() {
            match self.exchange(word, next) {
                Ok(()) => {
                    if is_contended && next.start_keeping(self.parts()).is_some() {
                        self.start_keeping();
                    }
                    return true;
                }
                Err(actual) => {
                    is_contended |= actual != word;
                    word = actual;
                }
            }
        }
        word.is_keeping() && self.enter_collecting()
    }

    /// Lets threads keep slots, unless many are taken or others wait.
    #[cold]
    pub(super) fn start_keeping(&self) {
        // Another thread may be at it, and a later call tries again.
        if let Some(_locked) = self.locked.try_lock() {
            // Relaxed: a thread that keeps a slot reads the word again. Nothing where the state has
            // changed.
            let _ = self
                .word
                .0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
                    Some(StateWord(word).start_keeping(self.parts())?.0)
                });
        }
    }

    /// Takes a free or kept slot, where the word is full while threads may keep slots.
    #[cold]
    fn enter_collecting(&self) -> bool {
        let mut locked = self.locked.lock();
        loop {
            let word = self.raw_word();
            match word.admit() {
                Some(next) if self.exchange_locked(word, next) => return true,
                Some(_) => {}
                None if !word.is_keeping() => return false,
                None if self.collect(&mut locked, true) => return true,
                None => {}
            }
        }
    }

    /// Takes all kept slots; returns `true` if a call took one over, which `is_wanted` asks for. The
    /// others are free in the word, and no thread has a kept slot any more.
    pub(super) fn collect(&self, _: &mut MutexGuard<'_, Locked>, is_wanted: bool) -> bool {
        // Sequentially consistent as in `Kept::put`.
        self.word
            .0
            .fetch_or(StateWord::COLLECTING, Ordering::SeqCst);
        let found = self.kept.collect();
        let is_taken = is_wanted && found > 0;
        self.tallies.add_admitted(is_taken.into());
        let freed = found - u32::from(is_taken);
        // Release pairs with the Acquire in `exchange`.
        let changed = self
            .word
            .0
            .fetch_update(Ordering::Release, Ordering::Relaxed, |word| {
                Some(StateWord(word).collected(freed).0)
            });
        debug_assert!(changed.is_ok(), "the update never declines");
        is_taken
    }

    /// Returns the state without kept slots.
    pub(super) fn settle(&self, locked: &mut MutexGuard<'_, Locked>) -> StateWord {
        if self.raw_word().is_keeping() {
            self.collect(locked, false);
        }
        self.raw_word()
    }

    /// Returns the part of the slots up to which threads keep theirs. Of an adaptive limit it is half
    /// of that from which on successes count, so that it seldom collects for them.
    #[inline]
    fn parts(&self) -> u64 {
        if self.is_adaptive() { 4 } else { 2 }
    }

    /// Returns `true` if threads may have kept slots.
    #[cfg(all(test, not(loom)))]
    pub(super) fn is_keeping(&self) -> bool {
        self.raw_word().is_keeping()
    }

    /// Keeps the slot of a call that ended; returns `false` if it is to be freed in the word.
    #[inline(never)]
    pub(super) fn keep(&self, word: StateWord) -> bool {
        word.may_keep() && word.is_far_from_limit(self.parts()) && self.kept.put(&self.word.0)
    }

    /// Returns how many slots are taken in the word, kept ones included.
    #[cfg(all(test, not(loom)))]
    pub(super) fn taken(&self) -> u32 {
        self.raw_word().in_flight()
    }

    /// Returns how many calls took a kept slot.
    #[cfg(all(test, not(loom)))]
    pub(super) fn admitted_by_kept(&self) -> u64 {
        self.kept.admitted()
    }
}

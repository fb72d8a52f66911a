//! Counts that cost the counted call next to nothing: each thread writes cells of its own, and readers sum.

use super::threads::PerThread;
use crate::sync::{AtomicU64, Ordering};

/// What is counted without a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    Success,
    Ignored,
    Rejected,
}

/// The counts of one thread, alone on a cache line.
#[derive(Debug)]
#[repr(align(64))]
struct Cells([AtomicU64; 3]);

impl Cells {
    fn new() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

#[derive(Debug)]
pub(super) struct Counters {
    threads: PerThread<Cells>,
    /// For threads that are ending and have no cells of their own any more.
    orphans: [AtomicU64; 3],
}

impl Counters {
    pub(super) fn new() -> Self {
        Self { threads: PerThread::new(), orphans: std::array::from_fn(|_| AtomicU64::new(0)) }
    }

    /// Counts one call.
    #[inline]
    pub(super) fn add(&self, what: Counted) {
        match self.threads.mine(Cells::new) {
            Some(cells) => {
                let cell = &cells.0[what as usize];
                // Only this thread writes the cell, so that load and store lose nothing; and nothing is decided by a
                // count, so that Relaxed is enough.
                cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
            }
            None => self.add_orphan(what),
        }
    }

    #[cold]
    fn add_orphan(&self, what: Counted) {
        // Several threads may be ending: here an atomic addition is needed. Relaxed: nothing is decided by it.
        self.orphans[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Sums what all threads have counted.
    pub(super) fn sum(&self, what: Counted) -> u64 {
        let mine = |cells: &Cells| cells.0[what as usize].load(Ordering::Relaxed);
        let orphans = self.orphans[what as usize].load(Ordering::Relaxed);
        self.threads.iter().map(mine).fold(orphans, u64::wrapping_add)
    }
}

//! Counts that cost the counted call next to nothing: each thread writes cells of its own, and
//! readers sum.

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
        Self {
            threads: PerThread::new(),
            orphans: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// Counts one call.
    #[inline]
    pub(super) fn add(&self, what: Counted) {
        match self.threads.mine(Cells::new) {
            Some(cells) => {
                let cell = &cells.0[what as usize];
                // Only this thread writes the cell, so that load and store lose nothing; and
                // nothing is decided by a count, so that Relaxed is enough.
                cell.store(
                    cell.load(Ordering::Relaxed).wrapping_add(1),
                    Ordering::Relaxed,
                );
            }
            None => self.add_orphan(what),
        }
    }

    #[cold]
    fn add_orphan(&self, what: Counted) {
        // Several threads may be ending: here an atomic addition is needed. Relaxed: nothing is
        // decided by it.
        self.orphans[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Sums what all threads have counted.
    pub(super) fn sum(&self, what: Counted) -> u64 {
        let mine = |cells: &Cells| cells.0[what as usize].load(Ordering::Relaxed);
        let orphans = self.orphans[what as usize].load(Ordering::Relaxed);
        self.threads
            .iter()
            .map(mine)
            .fold(orphans, u64::wrapping_add)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::{cell::RefCell, sync::Arc, thread};

    /// What a thread counts while its own values are dropped, its number among them, is counted
    /// too.
    #[test]
    fn nothing_is_lost_while_threads_end() {
        struct AtEnd(Arc<Counters>);
        impl Drop for AtEnd {
            fn drop(&mut self) {
                self.0.add(Counted::Rejected);
            }
        }
        thread_local!(static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) });

        let counters = Arc::new(Counters::new());
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let counters = Arc::clone(&counters);
                thread::spawn(move || {
                    // The first one to be made is the last one to be dropped.
                    AT_END.set(Some(AtEnd(Arc::clone(&counters))));
                    counters.add(Counted::Rejected);
                })
            })
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert_eq!(
            (
                counters.sum(Counted::Rejected),
                counters.sum(Counted::Success)
            ),
            (8, 0)
        );
        assert_eq!(
            counters.orphans[Counted::Rejected as usize].load(Ordering::Relaxed),
            4
        );
    }
}

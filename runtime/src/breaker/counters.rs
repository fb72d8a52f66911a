//! Counters of calls that share no cache line: each thread writes its own cells, and readers sum.

use super::per_thread::PerThread;
use crate::sync::{AtomicU64, Ordering};

/// The outcomes that are counted without a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    Success,
    Ignored,
    Rejected,
}

/// The counts of one thread, alone on a cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Cells([AtomicU64; 3]);

/// The counters of one breaker.
#[derive(Debug, Default)]
pub(super) struct Counters {
    threads: PerThread<Cells>,
    /// For threads that are ending and have no cells of their own any more.
    orphans: [AtomicU64; 3],
}

impl Counters {
    /// Counts one call.
    #[inline]
    pub(super) fn add(&self, what: Counter) {
        match self.threads.mine(Cells::default) {
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
    fn add_orphan(&self, what: Counter) {
        // Several threads may be ending: here an atomic addition is needed. Relaxed: nothing is
        // decided by it.
        self.orphans[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Sums what all threads have counted.
    pub(super) fn sum(&self, what: Counter) -> u64 {
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

    /// Counts that a thread makes while its thread-locals are dropped, its number among them, are
    /// kept too.
    #[test]
    fn no_count_is_lost_while_threads_end() {
        struct AtEnd(Arc<Counters>);
        impl Drop for AtEnd {
            fn drop(&mut self) {
                self.0.add(Counter::Rejected);
            }
        }
        thread_local!(static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) });

        let counters = Arc::new(Counters::default());
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let counters = Arc::clone(&counters);
                thread::spawn(move || {
                    // The first one to be made is the last one to be dropped.
                    AT_END.set(Some(AtEnd(Arc::clone(&counters))));
                    counters.add(Counter::Rejected);
                })
            })
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert_eq!(
            (
                counters.sum(Counter::Rejected),
                counters.sum(Counter::Success)
            ),
            (8, 0)
        );
        assert_eq!(
            counters.orphans[Counter::Rejected as usize].load(Ordering::Relaxed),
            4
        );
    }
}

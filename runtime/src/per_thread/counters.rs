//! Counters of calls that share no cache line: each thread writes its own cells, and readers sum.

use super::slots::PerThread;
use crate::{
    sync::{AtomicU64, Ordering},
    time::Tick,
};

/// What one thread alone writes, on a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
struct Cells<const N: usize> {
    counts: [AtomicU64; N],
    /// The tick at which this thread read what the others have counted, or 0; and what that was.
    read_at: AtomicU64,
    others: AtomicU64,
}

impl<const N: usize> Default for Cells<N> {
    fn default() -> Self {
        Self {
            counts: zeros(),
            read_at: AtomicU64::new(0),
            others: AtomicU64::new(0),
        }
    }
}

/// `N` counters, each known by its number.
#[derive(Debug)]
pub(crate) struct Counters<const N: usize> {
    threads: PerThread<Cells<N>>,
    /// For threads that are ending and have no cells of their own any more.
    orphans: [AtomicU64; N],
}

impl<const N: usize> Default for Counters<N> {
    fn default() -> Self {
        Self {
            threads: PerThread::lazy(),
            orphans: zeros(),
        }
    }
}

fn zeros<const N: usize>() -> [AtomicU64; N] {
    std::array::from_fn(|_| AtomicU64::new(0))
}

impl<const N: usize> Counters<N> {
    /// Adds one to a counter.
    #[inline]
    pub(crate) fn add(&self, which: usize) {
        self.add_many(which, 1);
    }

    /// Adds a number to a counter.
    #[inline]
    pub(crate) fn add_many(&self, which: usize, number: u64) {
        match self.threads.mine(Cells::default) {
            Some(cells) => {
                let cell = &cells.counts[which];
                // Only this thread writes the cell, so that load and store lose nothing; and
                // nothing is decided by a count, so that Relaxed is enough.
                cell.store(
                    cell.load(Ordering::Relaxed).wrapping_add(number),
                    Ordering::Relaxed,
                );
            }
            None => self.add_orphan(which, number),
        }
    }

    #[cold]
    fn add_orphan(&self, which: usize, number: u64) {
        // Several threads may be ending: here an atomic addition is needed. Relaxed: nothing is
        // decided by it.
        self.orphans[which].fetch_add(number, Ordering::Relaxed);
    }

    /// Sums what all threads have counted.
    pub(crate) fn sum(&self, which: usize) -> u64 {
        let counted = self
            .threads
            .sum(|cells| cells.counts[which].load(Ordering::Relaxed));
        counted.wrapping_add(self.orphans[which].load(Ordering::Relaxed))
    }

    /// As [`sum`](Self::sum), but with what other threads had counted when this thread asked first at this
    /// tick: threads that ask at once do not take each other's cache lines. For one counter only, always
    /// the same.
    #[inline]
    pub(crate) fn sum_in(&self, which: usize, tick: Tick) -> u64 {
        match self.threads.mine(Cells::default) {
            // Relaxed: only this thread writes the three words.
            Some(cells)
                if cells.read_at.load(Ordering::Relaxed) == tick.as_nanos()
                    && tick != Tick::ZERO =>
            {
                let mine = cells.counts[which].load(Ordering::Relaxed);
                mine.wrapping_add(cells.others.load(Ordering::Relaxed))
            }
            mine => self.sum_first_in(which, tick, mine),
        }
    }

    #[cold]
    fn sum_first_in(&self, which: usize, tick: Tick, mine: Option<&Cells<N>>) -> u64 {
        let sum = self.sum(which);
        if let Some(mine) = mine {
            let others = sum.wrapping_sub(mine.counts[which].load(Ordering::Relaxed));
            mine.others.store(others, Ordering::Relaxed);
            mine.read_at.store(tick.as_nanos(), Ordering::Relaxed);
        }
        sum
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::{cell::RefCell, sync::Arc, thread};

    #[test]
    fn sum_in_a_tick_has_all_that_this_thread_counted_and_the_others_at_first() {
        let counters = Counters::<1>::default();
        let elsewhere = || thread::scope(|scope| scope.spawn(|| counters.add(0)).join().unwrap());
        let at = |nanos| counters.sum_in(0, Tick::from_nanos(nanos));
        elsewhere();
        assert_eq!(at(1), 1);
        counters.add(0);
        elsewhere();
        assert_eq!((at(1), counters.sum(0)), (2, 3));
        assert_eq!((at(2), at(1)), (3, 3));
        elsewhere();
        assert_eq!(at(0), 4);
        elsewhere();
        assert_eq!(at(0), 5, "at tick 0 each time");
    }

    /// Counts that a thread makes while its thread-locals are dropped, its number among them, are
    /// kept too.
    #[test]
    fn no_count_is_lost_while_threads_end() {
        struct AtEnd(Arc<Counters<2>>);
        impl Drop for AtEnd {
            fn drop(&mut self) {
                self.0.add(1);
            }
        }
        thread_local!(static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) });

        let counters = Arc::new(Counters::<2>::default());
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let counters = Arc::clone(&counters);
                thread::spawn(move || {
                    // The first one to be made is the last one to be dropped.
                    AT_END.set(Some(AtEnd(Arc::clone(&counters))));
                    counters.add(1);
                })
            })
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert_eq!((counters.sum(1), counters.sum(0)), (8, 0));
        assert_eq!(counters.orphans[1].load(Ordering::Relaxed), 4);
    }
}

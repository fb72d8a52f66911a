//! Arrays with one lazily made element for each thread, by small dense numbers.
//!
//! A counter that one thread alone writes needs no atomic read-modify-write and shares no cache
//! line. Numbers are given back when a thread ends, so that they stay as dense as the most threads
//! that ever lived at once.

use once_cell::race::OnceBox;

#[cfg(not(loom))]
mod index {
    use crate::sync::Mutex;
    use std::{cell::Cell, cmp::Reverse, collections::BinaryHeap};

    /// The numbers that ended threads gave back, smallest first, and the first number that was
    /// never given.
    struct Free {
        returned: BinaryHeap<Reverse<u32>>,
        next: u32,
    }

    static FREE: Mutex<Free> = Mutex::new(Free {
        returned: BinaryHeap::new(),
        next: 0,
    });

    /// Held by a thread as long as it lives. The lock hands the memory of the old owner's writes to
    /// the new owner.
    struct Lease(u32);

    impl Lease {
        fn take() -> Self {
            let mut free = FREE.lock();
            let Some(Reverse(index)) = free.returned.pop() else {
                free.next += 1;
                return Self(free.next - 1);
            };
            Self(index)
        }
    }

    impl Drop for Lease {
        fn drop(&mut self) {
            INDEX.set(RETIRED);
            FREE.lock().returned.push(Reverse(self.0));
        }
    }

    const UNKNOWN: u32 = u32::MAX;
    /// The thread is ending and its number belongs to another one by now.
    const RETIRED: u32 = u32::MAX - 1;

    thread_local! {
        // Apart from the lease, because a thread-local without a destructor is a plain load.
        static INDEX: Cell<u32> = const { Cell::new(UNKNOWN) };
        static LEASE: Lease = Lease::take();
    }

    /// Returns this thread's number, or `None` while the thread ends.
    #[inline]
    pub(crate) fn current() -> Option<u32> {
        let index = INDEX.get();
        if index < RETIRED {
            Some(index)
        } else {
            assign(index)
        }
    }

    #[cold]
    fn assign(index: u32) -> Option<u32> {
        if index == RETIRED {
            return None;
        }
        let taken = LEASE.try_with(|lease| lease.0).ok();
        INDEX.set(taken.unwrap_or(RETIRED));
        taken
    }
}

#[cfg(loom)]
mod index {
    use std::cell::Cell;

    loom::thread_local! {
        static INDEX: Cell<Option<u32>> = Cell::new(None);
    }

    loom::lazy_static! {
        static ref NEXT: loom::sync::Mutex<u32> = loom::sync::Mutex::new(0);
    }

    /// Returns this thread's number. Models have few threads: numbers are not given back.
    pub(crate) fn current() -> Option<u32> {
        INDEX.with(|index| {
            if index.get().is_none() {
                let mut next = NEXT.lock().expect("loom mutexes are not poisoned");
                index.set(Some(*next));
                *next += 1;
            }
            index.get()
        })
    }
}

pub(crate) use index::current;

/// Elements in the struct itself; most programs have few threads.
const INLINE: usize = 8;
/// Further segments, each twice as long as the one before: room for 8 * 2^13 threads.
const SEGMENTS: usize = 13;

/// One lazily made element per thread.
#[derive(Debug)]
pub(crate) struct PerThread<T> {
    inline: [OnceBox<T>; INLINE],
    segments: OnceBox<[OnceBox<Segment<T>>; SEGMENTS]>,
}

type Segment<T> = Box<[OnceBox<T>]>;

impl<T> Default for PerThread<T> {
    fn default() -> Self {
        Self {
            inline: Default::default(),
            segments: OnceBox::new(),
        }
    }
}

impl<T: Default> PerThread<T> {
    /// Makes an empty array; in a model by loom, one with the elements of the first threads, since a
    /// model does not see the ordering by which a lazily made one reaches other threads.
    pub(crate) fn lazy() -> Self {
        let elements = Self::default();
        #[cfg(loom)]
        for cell in &elements.inline[..loom::MAX_THREADS - 1] {
            cell.get_or_init(Box::default);
        }
        elements
    }
}

impl<T> PerThread<T> {
    /// Returns this thread's element; `None` while the thread ends, or where there are too many
    /// threads.
    #[inline]
    pub(crate) fn mine(&self, make: impl FnOnce() -> T) -> Option<&T> {
        let index = current()? as usize;
        match self.inline.get(index).and_then(OnceBox::get) {
            Some(element) => Some(element),
            None => self.mine_slow(index, make),
        }
    }

    #[cold]
    fn mine_slow(&self, index: usize, make: impl FnOnce() -> T) -> Option<&T> {
        let cell = match self.inline.get(index) {
            Some(cell) => cell,
            None => {
                let (segment, at) = position(index);
                let segments = self.segments.get_or_init(Box::default).get(segment)?;
                let make_segment =
                    || Box::new((0..INLINE << segment).map(|_| OnceBox::new()).collect());
                &segments.get_or_init(make_segment)[at]
            }
        };
        Some(cell.get_or_init(|| Box::new(make())))
    }

    /// Returns the element of the thread with this number, if it was made.
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        let (segment, at) = match self.inline.get(index) {
            Some(cell) => return cell.get(),
            None => position(index),
        };
        self.segments.get()?.get(segment)?.get()?.get(at)?.get()
    }

    /// Sums a number of each element that was made, wrapped. A loop: of the chain in `iter` each
    /// step costs more than an element.
    #[inline]
    pub(crate) fn sum(&self, of: impl Fn(&T) -> u64) -> u64 {
        let mut sum = 0_u64;
        for cell in &self.inline {
            if let Some(element) = cell.get() {
                sum = sum.wrapping_add(of(element));
            }
        }
        match self.segments.get() {
            None => sum,
            Some(segments) => sum.wrapping_add(Self::sum_segments(segments, of)),
        }
    }

    #[cold]
    fn sum_segments(segments: &[OnceBox<Segment<T>>], of: impl Fn(&T) -> u64) -> u64 {
        let segments = segments.iter().filter_map(OnceBox::get);
        let elements = segments.flat_map(|segment| segment.iter().filter_map(OnceBox::get));
        elements.map(of).fold(0, u64::wrapping_add)
    }

    /// Iterates over all elements that were made.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        let segments = self.segments.get().into_iter().flatten();
        let more = segments
            .filter_map(OnceBox::get)
            .flat_map(|segment| segment.iter());
        self.inline.iter().chain(more).filter_map(OnceBox::get)
    }
}

/// The segment that holds a number above the inline ones, and the place in it.
fn position(index: usize) -> (usize, usize) {
    // Segment `k` starts at number INLINE * 2^k.
    let segment = (index / INLINE).ilog2() as usize;
    (segment, index - (INLINE << segment))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_own_place() {
        let mut seen = std::collections::HashSet::new();
        for index in INLINE..INLINE << 6 {
            let (segment, at) = position(index);
            assert!(
                at < INLINE << segment,
                "{index} lies outside of segment {segment}"
            );
            assert!(seen.insert((segment, at)), "{index} shares its place");
        }
    }

    #[test]
    fn each_living_thread_has_its_own_element_and_ended_ones_pass_theirs_on() {
        let slots = PerThread::<std::thread::ThreadId>::default();
        let make = || std::thread::current().id();
        let barrier = std::sync::Barrier::new(20);
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    assert_eq!(
                        slots.mine(make),
                        Some(&make())
                            .filter(|_| slots.mine(make) == Some(&make()))
                            .or(slots.mine(make))
                    );
                    barrier.wait();
                });
            }
        });
        let living = slots.iter().count();
        assert!(living >= 20, "{living} elements for 20 threads at once");
        for _ in 0..100 {
            std::thread::scope(|scope| {
                scope.spawn(|| assert!(slots.mine(make).is_some()));
            });
        }
        // Other tests run beside this one and take numbers too, but never a new one per thread that
        // ever was.
        assert!(
            slots.iter().count() < living + 100,
            "numbers are given back"
        );
    }
}

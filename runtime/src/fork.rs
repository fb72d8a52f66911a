//! Values that a forked process makes anew.
//!
//! A child of `fork` has a copy of the memory, but of the threads only the one that forked: queues
//! that others should work on stay full, and a lock that another thread held stays locked. Whoever
//! queues work for a thread, or waits for a lock that is held during I/O, keeps both in a
//! [`PerProcess`].

use crate::rng;
use std::{fmt, mem, process, sync::OnceLock};

/// A value that belongs to one process. In a child of `fork` the first use makes another one; that
/// of the parent is neither used nor dropped there, since what it has open is the parent's.
pub(crate) struct PerProcess<T> {
    process: u32,
    /// Absent only while this is dropped.
    value: Option<T>,
    /// In a child, and in children of children behind it.
    child: OnceLock<Box<Self>>,
}

impl<T> PerProcess<T> {
    /// Makes the value of this process.
    pub(crate) fn new(value: T) -> Self {
        Self::new_in(process::id(), value)
    }

    /// Returns the value of this process. Where that was forked since, `anew` makes it from the
    /// inherited one.
    pub(crate) fn get(&self, anew: impl FnOnce(&T) -> T) -> &T {
        self.get_in(process::id(), anew)
    }

    /// Returns the value of this process, unless it was forked and has not made its own yet.
    pub(crate) fn existing(&self) -> Option<&T> {
        let process = process::id();
        let mut own = self;
        while own.process != process {
            own = own.child.get()?;
        }
        own.value.as_ref()
    }

    /// Makes a value of the process from which this one was forked, as far as is known.
    #[cfg(test)]
    pub(crate) fn inherited(value: T) -> Self {
        Self::new_in(0, value)
    }

    fn new_in(process: u32, value: T) -> Self {
        Self {
            process,
            value: Some(value),
            child: OnceLock::new(),
        }
    }

    fn get_in(&self, process: u32, anew: impl FnOnce(&T) -> T) -> &T {
        let mut own = self;
        let mut anew = Some(anew);
        loop {
            let value = own
                .value
                .as_ref()
                .expect("a value is taken only when it is dropped");
            if own.process == process {
                return value;
            }
            own = match (own.child.get(), anew.take()) {
                (Some(child), unused) => {
                    anew = unused;
                    child
                }
                // Another thread of this process may be faster; its value counts.
                (None, Some(make)) => own.child.get_or_init(|| {
                    rng::reseed();
                    Box::new(Self::new_in(process, make(value)))
                }),
                // Another process cannot have put its own behind this one.
                (None, None) => return value,
            };
        }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        if self.process != process::id() {
            mem::forget(self.value.take());
        }
    }
}

impl<T: Default> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for PerProcess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PerProcess").field(&self.existing()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
    };

    #[test]
    fn each_process_makes_its_own_value_once_from_the_inherited_one() {
        let value = PerProcess::new_in(1, vec![1]);
        let anew = |inherited: &Vec<u32>| [&inherited[..], &[0]].concat();
        assert_eq!(value.get_in(1, |_| unreachable!("not forked")), &[1]);
        assert_eq!(value.get_in(2, anew), &[1, 0]);
        assert_eq!(value.get_in(2, |_| unreachable!("made already")), &[1, 0]);
        assert_eq!(value.get_in(3, anew), &[1, 0, 0], "a child of the child");
        assert_eq!(
            value.existing(),
            None,
            "of this process, whose id is another one"
        );
        assert_eq!(PerProcess::new(7).existing(), Some(&7));
    }

    #[test]
    fn racing_first_threads_share_one_value() {
        let (value, made) = (PerProcess::new_in(1, 0), AtomicUsize::new(0));
        let get = || *value.get_in(2, |_| made.fetch_add(1, Ordering::SeqCst) + 1);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(get)).collect();
            threads
                .into_iter()
                .for_each(|thread| assert_eq!(thread.join().unwrap(), 1));
        });
    }

    #[test]
    fn value_of_another_process_is_not_dropped() {
        struct Counts<'a>(&'a AtomicUsize);
        impl Drop for Counts<'_> {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let dropped = AtomicUsize::new(0);
        let inherited = PerProcess::new_in(0, Counts(&dropped));
        let _ = inherited.get(|_| Counts(&dropped));
        drop(inherited);
        assert_eq!(
            dropped.load(Ordering::SeqCst),
            1,
            "that of this process alone"
        );
    }
}

//! A value that is replaced now and then while threads read it.
//!
//! A guard reads its settings on each call, and a configuration file changes them a few times in the
//! life of a process. A reader therefore takes no lock and gets a reference: earlier revisions stay
//! in memory until the owner is dropped. Without the feature `config` nothing is ever replaced, and
//! the type is the value alone.

#[cfg(feature = "config")]
use crate::sync::global::Mutex;
#[cfg(feature = "config")]
use once_cell::race::OnceBox;
use std::fmt;
#[cfg(feature = "config")]
use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

/// A value, and the revisions that replaced it.
pub(crate) struct Revised<T> {
    first: T,
    /// Made by the first replacement: until then a reader loads one null pointer.
    #[cfg(feature = "config")]
    later: OnceBox<Revisions<T>>,
}

/// The revisions after the first value. Bucket `n` has room for `2^n` of them, so that none ever
/// moves.
#[cfg(feature = "config")]
struct Revisions<T> {
    /// How many there are. Release pairs with the Acquire of readers: they see the slot that the
    /// number counts.
    count: AtomicUsize,
    buckets: [OnceLock<Box<[OnceLock<T>]>>; BUCKETS],
    adding: Mutex<()>,
}

/// Room for four billion revisions.
#[cfg(feature = "config")]
const BUCKETS: usize = 32;

impl<T> Revised<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            first: value,
            #[cfg(feature = "config")]
            later: OnceBox::new(),
        }
    }

    /// Returns the latest revision.
    #[inline]
    pub(crate) fn get(&self) -> &T {
        #[cfg(feature = "config")]
        if let Some(later) = self.later.get() {
            return later.latest().unwrap_or(&self.first);
        }
        &self.first
    }

    /// Replaces the value for readers from now on; references that were handed out stay valid.
    #[cfg(feature = "config")]
    pub(crate) fn replace(&self, value: T) {
        self.later.get_or_init(Box::default).push(value);
    }
}

#[cfg(feature = "config")]
impl<T> Default for Revisions<T> {
    fn default() -> Self {
        Self {
            count: AtomicUsize::new(0),
            buckets: [const { OnceLock::new() }; BUCKETS],
            adding: Mutex::new(()),
        }
    }
}

#[cfg(feature = "config")]
impl<T> Revisions<T> {
    fn latest(&self) -> Option<&T> {
        let number = self.count.load(Ordering::Acquire);
        if number == 0 {
            return None;
        }
        let (bucket, place) = place_of(number);
        self.buckets.get(bucket)?.get()?.get(place)?.get()
    }

    fn push(&self, value: T) {
        let _adding = self.adding.lock();
        // Relaxed: written with the lock held.
        let number = self.count.load(Ordering::Relaxed) + 1;
        let (bucket, place) = place_of(number);
        let Some(slots) = self.buckets.get(bucket) else {
            return;
        };
        let slots = slots.get_or_init(|| (0..1_usize << bucket).map(|_| OnceLock::new()).collect());
        if slots[place].set(value).is_ok() {
            self.count.store(number, Ordering::Release);
        }
    }
}

/// Returns the bucket of a revision, counted from 1, and its place there.
#[cfg(feature = "config")]
fn place_of(number: usize) -> (usize, usize) {
    let bucket = number.ilog2() as usize;
    (bucket, number - (1 << bucket))
}

impl<T: fmt::Debug> fmt::Debug for Revised<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(all(test, not(loom), feature = "config"))]
mod tests {
    use super::*;

    #[test]
    fn latest_revision_is_read_and_earlier_references_stay_valid() {
        let revised = Revised::new(0);
        let mut seen = vec![revised.get()];
        for revision in 1..=100 {
            revised.replace(revision);
            assert_eq!(*revised.get(), revision);
            seen.push(revised.get());
        }
        assert!(
            seen.iter()
                .zip(0..)
                .all(|(seen, revision)| **seen == revision)
        );
    }

    #[test]
    fn readers_never_see_an_older_revision_than_before() {
        let revised = Revised::new(0_u32);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut last = 0;
                    while last < 5000 {
                        let now = *revised.get();
                        assert!(now >= last, "{now} after {last}");
                        last = now;
                        std::hint::spin_loop();
                    }
                });
            }
            for revision in 1..=5000 {
                revised.replace(revision);
            }
        });
        assert_eq!(*revised.get(), 5000);
    }

    #[test]
    fn every_revision_of_threads_that_replace_at_once_is_counted() {
        let revised = Revised::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|n| revised.replace(n)));
            }
        });
        let later = revised.later.get().unwrap();
        assert_eq!(later.count.load(Ordering::Acquire), 400);
    }
}

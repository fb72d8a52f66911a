//! A guard in the map, and when it was last looked up.

use crate::{
    sync::{AtomicU32, AtomicU64, Ordering::Relaxed},
    time::{SharedClock, Tick},
};
use std::time::Duration;

/// A guard is idle once its key was not looked up for this long.
pub(super) const IDLE_AFTER: Duration = Duration::from_secs(600);

/// So many lookups since the last search for idle guards are dated by the system's clock, which costs
/// about as much as the lookup itself; a key that is looked up more often counts as in use until the
/// next search.
pub(super) const DATED_LOOKUPS: u32 = 16;

/// A guard in the map.
#[derive(Debug)]
pub(super) struct Entry<G> {
    pub(super) guard: G,
    /// The latest dated lookup, as a tick. All operations on both are Relaxed: they are written under
    /// the read lock of the map, and read under its write lock.
    last_lookup: AtomicU64,
    /// Lookups since the last search that were dated, at most [`DATED_LOOKUPS`]. Lookups of two threads
    /// at once may count as one.
    dated: AtomicU32,
}

impl<G> Entry<G> {
    pub(super) fn new_at(now: Tick, guard: G) -> Self {
        Self {
            guard,
            last_lookup: AtomicU64::new(now.as_nanos()),
            dated: AtomicU32::new(0),
        }
    }

    /// Notes a lookup. `now` is known where a clock was injected, which dates every lookup.
    #[inline]
    pub(super) fn note_lookup(&self, now: Option<Tick>) {
        match now {
            Some(now) => self.date(now),
            None => {
                let dated = self.dated.load(Relaxed);
                if dated < DATED_LOOKUPS {
                    self.dated.store(dated + 1, Relaxed);
                    self.date(SharedClock::default().now());
                }
            }
        }
    }

    fn date(&self, now: Tick) {
        // Not a store: a thread that was interrupted here must not set the time back.
        self.last_lookup.fetch_max(now.as_nanos(), Relaxed);
    }

    /// Returns how long the key was not looked up. It may have been longer, never shorter.
    pub(super) fn idle_at(&mut self, now: Tick) -> Duration {
        if self.dated.load(Relaxed) >= DATED_LOOKUPS {
            // There may have been one just now.
            self.date(now);
        }
        self.dated.store(0, Relaxed);
        now.since(Tick::from_nanos(self.last_lookup.load(Relaxed)))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn after(seconds: u64) -> Tick {
        Tick::ZERO.after(Duration::from_secs(seconds))
    }

    #[test]
    fn idle_time_counts_from_the_last_lookup() {
        let mut entry = Entry::new_at(after(1), ());
        entry.note_lookup(Some(after(5)));
        assert_eq!(entry.idle_at(after(8)), Duration::from_secs(3));
        entry.note_lookup(Some(after(3)));
        assert_eq!(
            entry.idle_at(after(8)),
            Duration::from_secs(3),
            "not set back"
        );
        assert_eq!(entry.idle_at(after(4)), Duration::ZERO);
    }

    #[test]
    fn key_with_undated_lookups_is_in_use_until_the_search() {
        let mut entry = Entry::new_at(Tick::ZERO, ());
        (0..=DATED_LOOKUPS).for_each(|_| entry.note_lookup(None));
        let later = SharedClock::default().now().after(IDLE_AFTER * 2);
        assert_eq!(entry.idle_at(later), Duration::ZERO);
        assert_eq!(entry.idle_at(later.after(IDLE_AFTER)), IDLE_AFTER);
    }

    #[test]
    fn few_lookups_by_the_system_clock_are_dated() {
        let mut entry = Entry::new_at(Tick::ZERO, ());
        (1..DATED_LOOKUPS).for_each(|_| entry.note_lookup(None));
        let later = SharedClock::default().now().after(IDLE_AFTER);
        assert!(entry.idle_at(later) >= IDLE_AFTER);
    }
}

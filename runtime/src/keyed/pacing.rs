//! When a full map is searched for idle guards: as soon as one may be idle, and seldom enough that a
//! flood of new keys does not pay for a search each. No clock, no lock.

use super::entry::IDLE_AFTER;
use crate::time::Tick;
use std::time::Duration;

/// The searches of a full map.
#[derive(Debug, Default)]
pub(super) struct Pacing {
    last: Option<Search>,
    /// Lookups since the last search that found the map full.
    overflowed: usize,
}

#[derive(Clone, Copy, Debug)]
struct Search {
    at: Tick,
    /// Before this time no guard becomes idle that was not idle at the search.
    next_idle: Tick,
}

/// So many guards are looked at, on average, for each lookup that finds the map full.
const PER_LOOKUP: usize = 64;
/// Searches because of the time have at least this distance.
const MIN_DISTANCE: Duration = Duration::from_secs(1);

impl Pacing {
    /// Returns `true` if a full map is to be searched now.
    pub(super) fn is_due_at(&mut self, now: Tick, len: usize) -> bool {
        self.overflowed = self.overflowed.saturating_add(1);
        let Some(last) = self.last else { return true };
        let is_time = now >= last.next_idle && now.since(last.at) >= MIN_DISTANCE;
        // A guard that was idle, but in use or not as new, may be free at any time.
        is_time || self.overflowed.saturating_mul(PER_LOOKUP) >= len
    }

    /// Notes a search. `longest_idle` is the longest idle time of the guards that were not idle.
    pub(super) fn searched_at(&mut self, now: Tick, longest_idle: Duration) {
        self.last = Some(Search {
            at: now,
            next_idle: now.after(IDLE_AFTER.saturating_sub(longest_idle)),
        });
        self.overflowed = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(millis: u64) -> Tick {
        Tick::ZERO.after(Duration::from_millis(millis))
    }

    #[test]
    fn small_map_is_searched_each_time() {
        let mut pacing = Pacing::default();
        for _ in 0..10 {
            assert!(pacing.is_due_at(after(0), PER_LOOKUP));
            pacing.searched_at(after(0), Duration::ZERO);
        }
    }

    #[test]
    fn large_map_is_searched_once_for_many_lookups() {
        let mut pacing = Pacing::default();
        let searches = (0..1000)
            .filter(|_| {
                let is_due = pacing.is_due_at(after(0), 100 * PER_LOOKUP);
                if is_due {
                    pacing.searched_at(after(0), Duration::ZERO);
                }
                is_due
            })
            .count();
        assert_eq!(searches, 10);
    }

    #[test]
    fn large_map_is_searched_as_soon_as_a_guard_may_be_idle() {
        let mut pacing = Pacing::default();
        assert!(pacing.is_due_at(after(0), usize::MAX), "the first time");
        pacing.searched_at(after(0), Duration::from_secs(590));
        assert!(!pacing.is_due_at(after(9_999), usize::MAX));
        assert!(pacing.is_due_at(after(10_000), usize::MAX));
        pacing.searched_at(after(10_000), IDLE_AFTER - Duration::from_millis(1));
        assert!(
            !pacing.is_due_at(after(10_999), usize::MAX),
            "not each millisecond"
        );
        assert!(pacing.is_due_at(after(11_000), usize::MAX));
    }
}

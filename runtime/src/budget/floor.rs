//! Floor of a retry budget: a rate of retries that is always granted.

use crate::{
    sync::{AtomicU32, AtomicU64, Ordering::Relaxed},
    time::{SharedClock, Tick},
};
use std::time::Duration;

/// A rate of retries that is always granted: the generic cell rate algorithm (GCRA, ITU-T I.371),
/// whose whole state is one arrival time. Each grant is one successful compare-and-swap of it: what
/// was checked is what is taken. Relaxed: the word orders nothing but itself.
#[derive(Debug)]
pub(super) struct Floor {
    /// The theoretical arrival time: the tick at which all grants would have arrived one by one; at
    /// most `window` ahead of now.
    arrival: AtomicU64,
    /// How many retries are granted in a second.
    per_second: AtomicU32,
}

/// What a rate amounts to.
#[derive(Clone, Copy)]
struct Terms {
    /// The time between two grants; 0 grants nothing.
    interval: u64,
    /// How far the arrival may lie ahead: the burst, in time.
    window: u64,
}

impl Terms {
    fn new(per_second: u32) -> Self {
        // Where more than one fits a nanosecond, one each nanosecond.
        let interval = SECOND
            .checked_div(u64::from(per_second))
            .map_or(0, |nanos| nanos.max(1));
        Self {
            interval,
            window: interval.saturating_mul(u64::from(per_second)),
        }
    }
}

const SECOND: u64 = Duration::from_secs(1).as_nanos() as u64;

/// What follows from an arrival time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A grant moves it to here.
    Grant(u64),
    Refuse,
    /// It is further ahead than any grant puts it.
    Ahead,
}

impl Floor {
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            arrival: AtomicU64::new(0),
            per_second: AtomicU32::new(per_second),
        }
    }

    /// Changes the rate; what was granted in the last second still counts.
    #[cfg(feature = "config")]
    pub(super) fn reconfigure(&self, per_second: u32) {
        self.per_second.store(per_second, Relaxed);
    }

    /// Takes a grant of the present.
    pub(super) fn try_take(&self, clock: &SharedClock) -> bool {
        self.per_second.load(Relaxed) != 0 && self.try_take_at(clock.now(), || clock.now())
    }

    /// Takes a grant at `now`. `reread` reads the same clock again.
    pub(super) fn try_take_at(&self, now: Tick, reread: impl Fn() -> Tick) -> bool {
        let mut arrival = self.arrival.load(Relaxed);
        loop {
            let mut step = self.step_at(arrival, now);
            if step == Step::Ahead {
                // Another thread may have read the clock later than this one. A reading after the
                // load cannot be earlier than that of the grant which was loaded, so what still
                // lies ahead was measured on another time line: that of a runtime whose time was
                // paused, for example.
                step = match self.step_at(arrival, reread()) {
                    Step::Ahead => self.step_at(0, now),
                    step => step,
                };
            }
            let Step::Grant(next) = step else {
                return false;
            };
            match (self.arrival).compare_exchange_weak(arrival, next, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(actual) => arrival = actual,
            }
        }
    }

    /// Returns `true` if all grants are there at `now`, as at the start.
    pub(super) fn is_full_at(&self, now: Tick) -> bool {
        self.arrival.load(Relaxed) <= now.as_nanos()
    }

    fn step_at(&self, arrival: u64, now: Tick) -> Step {
        let now = now.as_nanos();
        let Terms { interval, window } = Terms::new(self.per_second.load(Relaxed));
        if interval == 0 {
            return Step::Refuse;
        }
        // Windows are of up to a second, each a little shorter by rounding: a change of the rate
        // puts no arrival out of reach.
        if arrival.saturating_sub(now) > window.max(SECOND) {
            return Step::Ahead;
        }
        let next = arrival.max(now).saturating_add(interval);
        if next - now <= window {
            Step::Grant(next)
        } else {
            Step::Refuse
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn at(millis: u64) -> Tick {
        Tick::from_nanos(millis * 1_000_000)
    }

    fn taken(floor: &Floor, now: Tick) -> usize {
        (0..10).filter(|_| floor.try_take_at(now, || now)).count()
    }

    #[test]
    fn floor_grants_one_second_at_once_and_then_one_per_interval() {
        let floor = Floor::new(4);
        assert_eq!(taken(&floor, at(0)), 4);
        assert_eq!(taken(&floor, at(249)), 0);
        assert_eq!(taken(&floor, at(250)), 1);
        assert_eq!(taken(&floor, at(760)), 2);
        assert_eq!(taken(&floor, at(60_000)), 4, "it does not accumulate");
    }

    #[test]
    fn floor_grants_its_number_at_once_and_a_floor_of_zero_nothing() {
        for per_second in [1u32, 3, 7, 10, 1000] {
            let floor = Floor::new(per_second);
            let now = Tick::from_nanos(5);
            let taken = (0..per_second * 2)
                .filter(|_| floor.try_take_at(now, || now))
                .count();
            assert_eq!(taken, per_second as usize);
        }
        assert!(!Floor::new(0).try_take_at(Tick::MAX, || Tick::MAX));
    }

    #[test]
    fn floor_is_full_again_once_every_grant_came_back() {
        let floor = Floor::new(4);
        assert!(floor.is_full_at(at(0)));
        assert_eq!(taken(&floor, at(10)), 4);
        assert!(!floor.is_full_at(at(1009)) && floor.is_full_at(at(1010)));
    }

    #[test]
    fn grants_of_a_time_line_that_ran_ahead_are_forgotten() {
        let floor = Floor::new(4);
        assert_eq!(taken(&floor, at(3_600_000)), 4);
        assert_eq!(taken(&floor, at(0)), 4, "an hour earlier, on another clock");
        assert_eq!(taken(&floor, at(100)), 0);
        assert_eq!(taken(&floor, at(250)), 1);
    }

    /// A thread that read the clock and then stood still must not take the grants of later readers
    /// for those of another time line.
    #[test]
    fn late_thread_gets_no_second_burst() {
        let floor = Floor::new(4);
        assert_eq!(taken(&floor, at(10_000)), 4);
        let is_granted = (0..10).any(|_| floor.try_take_at(at(0), || at(10_000)));
        assert!(!is_granted);
    }

    #[test]
    fn eight_threads_take_no_more_than_the_burst() {
        let floor = Floor::new(60);
        let taken: usize = std::thread::scope(|scope| {
            let take = || {
                (0..1000)
                    .filter(|_| floor.try_take_at(at(7), || at(7)))
                    .count()
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(take)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(taken, 60);
    }
}

//! Jumps of the wall clock, which keep records from being removed by age.

use crate::{
    sync::Mutex,
    time::{Tick, Timestamp},
};
use std::time::Duration;

/// Compares the wall clock with the monotonic one, from one round of maintenance to the next.
///
/// A clock that jumps ahead by years makes every record old at once. After a jump in either
/// direction nothing is removed by age until the two clocks have agreed for ten minutes: a
/// corrected clock stays, and a wrong one has been set back by then, in most cases.
///
/// # Examples
///
/// ```
/// use gardefou::{monitor::journal::support::JumpDetector, time::{Tick, Timestamp}};
/// use std::time::Duration;
///
/// let jumps = JumpDetector::new();
/// let at = |seconds| Tick::ZERO.after(Duration::from_secs(seconds));
/// let wall = |seconds: i64| Timestamp::from_unix_millis(1_800_000_000_000 + seconds * 1000);
/// let year = 365 * 86_400;
/// assert!(jumps.is_steady_at(at(0), wall(0)));
/// assert!(!jumps.is_steady_at(at(1), wall(1 + year)), "nothing is old because of this");
/// assert!(jumps.is_steady_at(at(700), wall(700 + year)), "the clock has stayed there");
/// ```
#[derive(Debug, Default)]
pub struct JumpDetector(Mutex<Option<Reading>>);

#[derive(Clone, Copy, Debug)]
struct Reading {
    now: Tick,
    wall: Timestamp,
    /// When the last jump was detected.
    jumped: Option<Tick>,
}

/// How far the clocks may drift apart between two rounds: clocks are trimmed, and a process waits
/// for its turn between the two readings.
const DRIFT: Duration = Duration::from_secs(60);

const CONFIRMED_AFTER: Duration = Duration::from_secs(600);

impl JumpDetector {
    /// Makes a detector that has read no clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{monitor::journal::support::JumpDetector, time::{Tick, Timestamp}};
    ///
    /// let today = Timestamp::from_unix_millis(1_800_000_000_000);
    /// assert!(JumpDetector::new().is_steady_at(Tick::ZERO, today));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Compares the clocks, and returns `true` if the wall clock has been steady long enough.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{monitor::journal::support::JumpDetector, time::{Tick, Timestamp}};
    /// use std::time::Duration;
    ///
    /// let jumps = JumpDetector::new();
    /// let second = |n: u64| Tick::ZERO.after(Duration::from_secs(n));
    /// let wall = |n: i64| Timestamp::from_unix_millis(1_800_000_000_000 + n * 1000);
    /// assert!(jumps.is_steady_at(second(0), wall(0)) && jumps.is_steady_at(second(1), wall(59)));
    /// assert!(!jumps.is_steady_at(second(2), wall(200)), "more than a minute ahead");
    /// ```
    #[must_use]
    pub fn is_steady_at(&self, now: Tick, wall: Timestamp) -> bool {
        let mut last = self.0.lock();
        let jumped = last.and_then(|last| {
            let expected = last
                .wall
                .as_unix_millis()
                .saturating_add_unsigned(millis(now.since(last.now)));
            let apart = expected.abs_diff(wall.as_unix_millis());
            if apart > millis(DRIFT) {
                Some(now)
            } else {
                last.jumped
            }
        });
        let jumped = jumped.filter(|jumped| now.since(*jumped) < CONFIRMED_AFTER);
        *last = Some(Reading { now, wall, jumped });
        jumped.is_none()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60;
    const YEARS: i64 = 10 * 365 * 86_400;

    /// The results of rounds, each at so many seconds by the monotonic clock, with the wall clock
    /// so many seconds ahead.
    fn rounds(readings: &[(u64, i64)]) -> Vec<bool> {
        let detector = JumpDetector::new();
        let is_steady = |&(seconds, ahead): &(u64, i64)| {
            let wall =
                Timestamp::from_unix_millis((1_800_000_000 + seconds.cast_signed() + ahead) * 1000);
            detector.is_steady_at(Tick::ZERO.after(Duration::from_secs(seconds)), wall)
        };
        readings.iter().map(is_steady).collect()
    }

    #[test]
    fn agreeing_clocks_are_steady_however_long_a_round_takes() {
        assert_eq!(
            rounds(&[(0, 0), (1, 0), (2, 0), (100_000, 30), (100_001, 90)]),
            [true; 5]
        );
    }

    #[test]
    fn clock_is_steady_ten_minutes_after_a_jump() {
        let jumped = [
            (0, 0),
            (1, YEARS),
            (2, YEARS),
            (10 * MINUTE, YEARS),
            (10 * MINUTE + 1, YEARS),
        ];
        assert_eq!(rounds(&jumped), [true, false, false, false, true]);
        let back = [(0, 0), (1, -YEARS), (10 * MINUTE + 1, -YEARS)];
        assert_eq!(rounds(&back), [true, false, true]);
    }

    #[test]
    fn jump_back_counts_as_another_jump() {
        let there_and_back = [
            (0, 0),
            (5, YEARS),
            (9 * MINUTE, 0),
            (11 * MINUTE, 0),
            (19 * MINUTE, 0),
        ];
        assert_eq!(rounds(&there_and_back), [true, false, false, false, true]);
    }
}

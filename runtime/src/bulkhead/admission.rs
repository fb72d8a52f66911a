//! What a call keeps of its admission, in one word, since futures and permits hold it.

use crate::time::Tick;

/// The round of the adaptive limit in which a call was admitted, and when, where calls are timed.
///
/// Zero where the bulkhead neither adapts nor times its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Admission(u64);

/// The limit has learned how the call ended.
const LEARNED: u64 = 1 << 63;
/// The word has a start.
const TIMED: u64 = 1 << 62;
/// The start in microseconds, modulo two years.
const START: u64 = (1 << START_BITS) - 1;
const START_BITS: u32 = 62 - ROUND_BITS;
/// Rounds are compared modulo this many bits. A call that is taken for one of the present round
/// lowers the limit once more, as any later call may.
const ROUND_BITS: u32 = 16;

const NANOS_PER_MICRO: u64 = 1_000;

impl Admission {
    pub(super) const PLAIN: Self = Self(0);

    #[inline]
    pub(super) fn in_round(round: u32) -> Self {
        Self(u64::from(round) & ((1 << ROUND_BITS) - 1))
    }

    /// Returns `true` if this is the round in which the call was admitted.
    pub(super) fn is_of_round(self, round: u32) -> bool {
        Self::in_round(round).0 == self.0 & ((1 << ROUND_BITS) - 1)
    }

    /// Adds the start of a call that is timed.
    pub(super) fn started_at(self, now: Tick) -> Self {
        Self(self.0 | TIMED | (micros(now) << ROUND_BITS))
    }

    #[inline]
    pub(super) fn is_timed(self) -> bool {
        self.0 & TIMED != 0
    }

    /// Returns for how many nanoseconds the slot of a timed call was held; zero on a clock that runs
    /// backwards.
    pub(super) fn held_at(self, now: Tick) -> u64 {
        let start = (self.0 >> ROUND_BITS) & START;
        let held = micros(now).wrapping_sub(start) & START;
        let is_backwards = held > START / 2;
        if is_backwards {
            0
        } else {
            held * NANOS_PER_MICRO
        }
    }

    pub(super) fn learned(self) -> Self {
        Self(self.0 | LEARNED)
    }

    #[inline]
    pub(super) fn is_learned(self) -> bool {
        self.0 & LEARNED != 0
    }
}

fn micros(tick: Tick) -> u64 {
    (tick.as_nanos() / NANOS_PER_MICRO) & START
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn admission_keeps_round_start_and_whether_the_limit_has_learned() {
        let start = Tick::from_nanos(u64::MAX - 5_000_000_000);
        let admission = Admission::in_round(u32::MAX).started_at(start);
        assert!(admission.is_timed() && !admission.is_learned());
        assert!(admission.is_of_round(u32::MAX) && !admission.is_of_round(7));
        let second = Duration::from_secs(1);
        for admission in [admission, admission.learned()] {
            assert_eq!(admission.held_at(start.after(second)), 1_000_000_000);
            assert_eq!(admission.held_at(start), 0);
            let earlier = Tick::from_nanos(start.as_nanos() - 1_000_000_000);
            assert_eq!(admission.held_at(earlier), 0);
        }
        assert!(admission.learned().is_learned() && admission.learned().is_of_round(u32::MAX));
        assert!(!Admission::in_round(9).is_timed() && !Admission::PLAIN.learned().is_timed());
    }

    #[test]
    fn times_are_whole_microseconds_over_the_end_of_their_bits() {
        let year = Duration::from_secs(365 * 24 * 3600);
        for years in 0..20 {
            let start = Tick::ZERO.after(year * years + Duration::from_nanos(1_999));
            let admission = Admission::PLAIN.started_at(start);
            let end = start.after(year + Duration::from_nanos(1));
            assert_eq!(
                Duration::from_nanos(admission.held_at(end)),
                year + Duration::from_micros(1)
            );
        }
    }
}

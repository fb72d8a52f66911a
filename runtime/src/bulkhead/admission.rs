//! What a call keeps of its admission, in one word, since futures and permits hold it.

use crate::time::{ShortStart, Tick};

/// The round of the adaptive limit in which a call was admitted, and when, where calls are timed.
///
/// Zero where the bulkhead neither adapts nor times its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Admission(u64);

/// The limit has learned how the call ended.
const LEARNED: u64 = 1 << 63;
/// The word has a start, above the round.
const TIMED: u64 = 1 << 62;
/// Rounds are compared modulo this many bits. A call that is taken for one of the present round
/// lowers the limit once more, as any later call may.
const ROUND_BITS: u32 = 16;
const ROUND: u64 = (1 << ROUND_BITS) - 1;

const _: () = assert!(ROUND_BITS + ShortStart::BITS == 62);

impl Admission {
    pub(super) const PLAIN: Self = Self(0);

    #[inline]
    pub(super) fn in_round(round: u32) -> Self {
        Self(u64::from(round) & ROUND)
    }

    /// Returns `true` if this is the round in which the call was admitted.
    pub(super) fn is_of_round(self, round: u32) -> bool {
        Self::in_round(round).0 == self.0 & ROUND
    }

    /// Adds the start of a call that is timed.
    pub(super) fn started_at(self, now: Tick) -> Self {
        Self(self.0 | TIMED | (ShortStart::at(now).to_bits() << ROUND_BITS))
    }

    #[inline]
    pub(super) fn is_timed(self) -> bool {
        self.0 & TIMED != 0
    }

    /// Returns for how many nanoseconds the slot of a timed call was held.
    pub(super) fn held_at(self, now: Tick) -> u64 {
        ShortStart::from_bits(self.0 >> ROUND_BITS).elapsed_at(now)
    }

    pub(super) fn learned(self) -> Self {
        Self(self.0 | LEARNED)
    }

    #[inline]
    pub(super) fn is_learned(self) -> bool {
        self.0 & LEARNED != 0
    }
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
        let second = Duration::from_secs(1);
        for admission in [admission, admission.learned()] {
            assert!(admission.is_of_round(u32::MAX) && !admission.is_of_round(7));
            assert_eq!(admission.held_at(start.after(second)), 1_000_000_000);
            assert_eq!(admission.held_at(start), 0);
        }
        assert!(admission.learned().is_learned());
        assert!(!Admission::in_round(9).is_timed() && !Admission::PLAIN.learned().is_timed());
    }
}

//! Additive increase, multiplicative decrease: the arithmetic of an adaptive limit.
//!
//! After `AIMDLimit` of Netflix's [concurrency-limits]: while at least half of the slots are in use,
//! successes raise the limit by one; a sign of overload multiplies it by 0.9, and lowers it by at
//! least one. Two things are as in TCP (RFC 5681, 3.1; RFC 6582) and not as there, since a limit that
//! every single call moves swings with each burst: one step up takes as many successes as the limit
//! is high, and of calls that ran at the same time only the first one that shows overload lowers the
//! limit. Its time limit of 5 s, from which on a success counts as overload, has no counterpart: a
//! time limit around the call shows the same.
//!
//! [concurrency-limits]: https://github.com/Netflix/concurrency-limits

use super::config::BulkheadConfig;

/// What the end of a call shows about the load of the callee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Success,
    Overload,
    Neutral,
}

/// The bounds of an adaptive limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Aimd {
    pub(super) min: u32,
    pub(super) max: u32,
}

/// The factor of a decrease in tenths: `backoffRatio` of `AIMDLimit`, whose default is 0.9.
const TENTHS_KEPT: u64 = 9;

impl Aimd {
    /// Returns the bounds of a limit that adapts.
    pub(super) fn of(config: &BulkheadConfig) -> Option<Self> {
        let BulkheadConfig {
            adaptive, min, max, ..
        } = *config;
        adaptive.then_some(Self { min, max })
    }

    /// Returns the bounds in one word: the lowest limit above, the highest below; zero where the limit
    /// does not adapt, since a limit that adapts is at least one.
    pub(super) fn pack(bounds: Option<Self>) -> u64 {
        bounds.map_or(0, |Self { min, max }| u64::from(min) << 32 | u64::from(max))
    }

    #[inline]
    pub(super) fn unpack(word: u64) -> Option<Self> {
        let (min, max) = ((word >> 32) as u32, word as u32);
        (word != 0).then_some(Self { min, max })
    }

    /// Returns `true` if a success counts towards an increase: the limit is in use, as otherwise
    /// nothing is known of a higher one.
    #[inline]
    pub(super) fn is_utilised(self, in_flight: u32, limit: u32) -> bool {
        limit < self.max && u64::from(in_flight) * 2 >= u64::from(limit)
    }

    /// Returns the limit after so many successes that count, where they suffice for an increase.
    #[inline]
    pub(super) fn raised(self, limit: u32, successes: u64) -> Option<u32> {
        (limit < self.max && successes >= u64::from(limit)).then_some(limit + 1)
    }

    /// Returns the limit after a sign of overload.
    pub(super) fn lowered(self, limit: u32) -> u32 {
        let kept = (u64::from(limit) * TENTHS_KEPT / 10) as u32;
        kept.min(limit.saturating_sub(1)).max(self.min)
    }
}

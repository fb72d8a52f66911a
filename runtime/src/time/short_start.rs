//! Starts of measured calls, in few bits, for futures and permits that have no room for a tick.

use super::Tick;

/// When a call began: microseconds, modulo two years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShortStart(u64);

const MASK: u64 = (1 << ShortStart::BITS) - 1;
const NANOS_PER_MICRO: u64 = 1_000;

impl ShortStart {
    pub(crate) const BITS: u32 = 46;

    pub(crate) fn at(now: Tick) -> Self {
        Self::from_bits(now.as_nanos() / NANOS_PER_MICRO)
    }

    /// Returns a start of its lowest [`BITS`](Self::BITS) bits.
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits & MASK)
    }

    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    /// Returns the nanoseconds since the start, in whole microseconds; zero where the clock is another
    /// one, or runs backwards.
    pub(crate) fn elapsed_at(self, now: Tick) -> u64 {
        let elapsed = Self::at(now).0.wrapping_sub(self.0) & MASK;
        let is_backwards = elapsed > MASK / 2;
        if is_backwards {
            0
        } else {
            elapsed * NANOS_PER_MICRO
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn elapsed_times_are_whole_microseconds_also_beyond_the_end_of_the_bits() {
        let year = Duration::from_secs(365 * 24 * 3600);
        for years in 0..20 {
            let start = Tick::ZERO.after(year * years + Duration::from_nanos(1_999));
            let short = ShortStart::from_bits(ShortStart::at(start).to_bits() | 1 << 63);
            let end = start.after(year + Duration::from_nanos(1));
            let elapsed = Duration::from_nanos(short.elapsed_at(end));
            assert_eq!(elapsed, year + Duration::from_micros(1));
            assert_eq!(short.elapsed_at(start), 0);
        }
    }

    #[test]
    fn nothing_has_elapsed_on_a_clock_that_runs_backwards() {
        let start = Tick::from_nanos(5_000_000_000);
        let earlier = Tick::from_nanos(4_000_000_000);
        assert_eq!(ShortStart::at(start).elapsed_at(earlier), 0);
    }
}

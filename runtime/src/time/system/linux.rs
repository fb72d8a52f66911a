//! The two readings of the monotonic clock of Linux, which share one time line.

use crate::time::Tick;
use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};
use std::time::Duration;

#[inline]
pub(crate) fn now() -> Tick {
    tick(clock_gettime(ClockId::Monotonic))
}

/// As [`now`]: no test pauses it.
pub(crate) fn unpaused() -> Tick {
    now()
}

/// Returns the present tick, as of the last step of the clock.
#[inline]
pub(crate) fn coarse() -> Tick {
    tick(clock_gettime(ClockId::MonotonicCoarse))
}

/// Returns the step of the coarse reading.
pub(crate) fn coarse_step() -> Option<Duration> {
    let step = tick(clock_getres(ClockId::MonotonicCoarse));
    Some(step.since(Tick::ZERO))
}

#[inline]
#[expect(
    clippy::cast_sign_loss,
    reason = "the clock counts from the start of the machine"
)]
fn tick(time: Timespec) -> Tick {
    Tick::from_nanos(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coarse_reading_never_leads_the_precise_one_and_both_only_grow() {
        let (mut last_coarse, mut last) = (Tick::ZERO, Tick::ZERO);
        for _ in 0..1_000_000 {
            let coarse = coarse();
            let now = now();
            assert!(last_coarse <= coarse && coarse <= now && last <= now);
            (last_coarse, last) = (coarse, now);
        }
    }

    #[test]
    fn step_is_that_of_the_timer_of_the_kernel() {
        let step = coarse_step().unwrap();
        assert!(
            Duration::from_millis(1) <= step && step <= Duration::from_millis(10),
            "{step:?}"
        );
    }
}

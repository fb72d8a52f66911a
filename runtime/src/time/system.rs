//! The machine's monotonic clock.

#[cfg(all(target_os = "linux", any(test, not(feature = "test-util"))))]
#[cfg_attr(
    test,
    allow(dead_code, reason = "tests read a clock that they can pause")
)]
mod linux;
#[cfg(any(test, feature = "test-util", not(target_os = "linux")))]
mod portable;

#[cfg(all(target_os = "linux", not(any(test, feature = "test-util"))))]
use linux as source;
#[cfg(any(test, feature = "test-util", not(target_os = "linux")))]
use portable as source;

pub(crate) use source::unpaused;
pub(super) use source::{coarse, coarse_step};

use super::{Clock, Tick};
use std::time::Duration;

/// The machine's monotonic clock.
///
/// With the feature `test-util` it is tokio's clock, so that `tokio::time::pause()` and `advance()`
/// rule policies too in tests that enable tokio's `test-util`; without the feature `async` it is
/// `std::time::Instant` then. Each runtime whose time was paused has a time line of its own, which
/// usually runs ahead of the real one. A [`CircuitBreaker`](crate::breaker::CircuitBreaker) that is
/// used on both never waits for a moment that it measured on the other: where the time at which it
/// opened lies ahead of the present, the next call is a probe.
///
/// On Linux without `test-util` it is `CLOCK_MONOTONIC`, and ticks count from the start of the
/// machine. Deadlines, limits, open times and windows over time of at least 50 steps of
/// `CLOCK_MONOTONIC_COARSE` (of 1 to 10 ms, after the configuration of the kernel) are read from that
/// clock, at an eighth of the cost: a future and an open time end up to two of its steps late, an old
/// call leaves a window as late, a blocking call counts as late up to four steps late, and nothing
/// is early. The time to wait that an open circuit gives is up to two steps too long.
///
/// While the machine sleeps or is suspended, the clock of Linux stands still. Both of its readings
/// are taken from the kernel without the C library, so that libfaketime fakes neither of them; let it
/// leave the timers of tokio and std alone, too (`FAKETIME_DONT_FAKE_MONOTONIC=1`).
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> Tick {
        source::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

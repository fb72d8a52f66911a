//! The time-stamp counter of the processor, read by the crate quanta.

use super::{Clock, Tick};
use std::time::Duration;

/// The time-stamp counter of the processor, for [rate limiters](mod@crate::rate_limit): a reading costs
/// less than half of one of [`SystemClock`](super::SystemClock). Needs the feature `quanta`.
///
/// A rate limiter with this clock reads it without a dynamic call. Every other guard takes it as well,
/// and gains less: most of their readings are coarse ones of the system's clock, which cost less still.
///
/// The first `QuantaClock` of a process blocks for up to 200 ms, usually 10 ms to 20 ms, while quanta
/// compares the counter with the system's clock. All of them share that comparison and one time line.
/// Where the processor has no counter of a constant rate, they read the system's clock.
///
/// # Drift
///
/// The counter is not adjusted to the system's clock afterwards: the two drift apart by the error of
/// that comparison, usually a few millionths, and by what NTP corrects. A rate of 100 calls per second
/// is by that factor more or less than it is by another clock. `retry_after`, waits and reservations
/// are exact on the counter, and the operating system's timers that wait for them are not its: a caller
/// that waits for `retry_after` on a timer can be some millionths of that time early. While the machine
/// is suspended the counter stands still, or starts again from zero: a limiter that finds its clock
/// behind the arrivals it granted is full again.
///
/// # Tests
///
/// Neither `tokio::time::pause()` nor a test scope replaces a clock that is injected. Let the code
/// under test take the clock as a parameter, and pass a `ManualClock`.
///
/// # Examples
///
/// ```
/// use gardefou::{rate_limit::RateLimiter, time::QuantaClock};
///
/// let limiter = RateLimiter::builder("search").rate("100/h").clock(QuantaClock::new()).build()?;
/// limiter.try_acquire_n(100)?;
/// assert!(limiter.try_acquire().is_err());
/// # Ok::<(), gardefou::AppError>(())
/// ```
#[derive(Clone, Debug)]
pub struct QuantaClock {
    counter: quanta::Clock,
    /// The nanoseconds of one step of the counter, times 2^64; zero where a step takes longer than one,
    /// or the counter is the system's clock.
    per_step: u64,
}

impl Default for QuantaClock {
    fn default() -> Self {
        Self::new()
    }
}

impl QuantaClock {
    /// Makes a clock; the first one of a process compares the counter with the system's clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::{Clock, QuantaClock};
    ///
    /// let (one, other) = (QuantaClock::new(), QuantaClock::new());
    /// let start = one.now();
    /// assert!(other.now() >= start, "they share a time line");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        let counter = quanta::Clock::new();
        let quarter = counter.delta_as_nanos(0, STEPS);
        let per_step = if quarter < STEPS { quarter << 2 } else { 0 };
        Self { counter, per_step }
    }
}

/// 2^62: so many steps take a quarter of the nanoseconds of 2^64 steps, and fit in a word.
const STEPS: u64 = 1 << 62;

impl Clock for QuantaClock {
    #[inline]
    fn now(&self) -> Tick {
        let steps = self.counter.raw();
        // From the zero of the counter: `Clock::now` of quanta hides its number in an `Instant`. By one
        // multiplication, whose upper word is the result: quanta shifts both words by a number that the
        // compiler does not know, which takes longer than the rest.
        let nanos = if self.per_step == 0 {
            self.counter.delta_as_nanos(0, steps)
        } else {
            ((u128::from(steps) * u128::from(self.per_step)) >> 64) as u64
        };
        Tick::from_nanos(nanos)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::system::unpaused;
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        thread,
    };

    #[test]
    fn readings_never_go_back_on_a_thread() {
        let clock = QuantaClock::new();
        let mut last = clock.now();
        for _ in 0..1_000_000 {
            let now = clock.now();
            assert!(now >= last, "{now:?} {last:?}");
            last = now;
        }
    }

    /// A reading that is published before another one begins may lead it by what the processor
    /// reorders: far less than a microsecond.
    #[test]
    fn clocks_of_all_threads_have_one_time_line() {
        let newest = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let clock = QuantaClock::new();
                    for _ in 0..200_000 {
                        let before = newest.load(Ordering::SeqCst);
                        let now = clock.now().as_nanos();
                        assert!(now + 1000 >= before, "{now} {before}");
                        newest.fetch_max(now, Ordering::SeqCst);
                    }
                });
            }
        });
    }

    #[test]
    fn one_multiplication_gives_the_nanoseconds_of_quanta() {
        let clock = QuantaClock::new();
        if clock.per_step == 0 {
            return assert!(clock.counter.delta_as_nanos(0, STEPS) >= STEPS);
        }
        for bits in 0..62 {
            for steps in [1_u64 << bits, (1 << bits) - 1, (3 << bits) / 2] {
                let ours = (u128::from(steps) * u128::from(clock.per_step)) >> 64;
                let theirs = clock.counter.delta_as_nanos(0, steps);
                assert!(
                    (ours as u64).abs_diff(theirs) <= 2,
                    "{steps}: {ours} {theirs}"
                );
            }
        }
    }

    #[test]
    fn time_passes_as_on_the_clock_of_the_system() {
        let clock = QuantaClock::new();
        // Around the readings of the counter at the start, and between them at the end.
        let (start, first) = (unpaused(), clock.now());
        let inner_start = unpaused();
        while clock.now().since(first) < Duration::from_millis(20) {}
        let inner_end = unpaused();
        let (last, end) = (clock.now(), unpaused());
        let passed = last.since(first);
        assert!(
            passed >= inner_end.since(inner_start) * 99 / 100,
            "{passed:?}"
        );
        assert!(passed <= end.since(start) * 101 / 100, "{passed:?}");
    }
}

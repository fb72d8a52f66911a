//! Manual clock for tests.

use super::{Clock, Tick, tick::saturating_nanos};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

/// A clock for tests: it is stopped until [`advance`](Self::advance) moves it, and a sleep on it
/// moves it by the time slept and returns at once.
///
/// Clones share one time line. Its wall clock starts at the Unix epoch plus 1,700,000,000 s
/// (2023-11-14 22:13:20 UTC).
///
/// # Examples
///
/// ```
/// use gardefou::time::{Clock, ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let start = clock.now();
/// clock.clone().advance(Duration::from_secs(3600));
/// assert_eq!(clock.now().since(start), Duration::from_secs(3600));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Makes a clock that stands at its origin.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::time::{Clock, ManualClock, Tick};
    ///
    /// assert_eq!(ManualClock::new().now(), Tick::ZERO);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the clock forward; it stops at the end of time instead of wrapping.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, breaker::CircuitBreaker, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let breaker = CircuitBreaker::builder("api").clock(clock.clone()).build()?;
    /// breaker.open_for(Duration::from_secs(30));
    /// assert!(breaker.call(|| Ok::<_, AppError>(7)).is_err());
    /// clock.advance(Duration::from_secs(30));
    /// assert!(breaker.call(|| Ok::<_, AppError>(7)).is_ok());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn advance(&self, duration: Duration) {
        let nanos = saturating_nanos(duration);
        // Release pairs with the Acquire in `now`: a thread that reads the new time sees the writes
        // of the test before it.
        let moved = self
            .0
            .fetch_update(Ordering::Release, Ordering::Relaxed, |now| {
                Some(now.saturating_add(nanos))
            });
        debug_assert!(moved.is_ok(), "the update never declines");
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Tick {
        Tick::from_nanos(self.0.load(Ordering::Acquire))
    }

    fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
            + Duration::from_secs(1_700_000_000)
            + Duration::from_nanos(self.now().as_nanos())
    }

    fn try_sleep_at_once(&self, duration: Duration) -> bool {
        self.advance(duration);
        true
    }
}

//! Reservation: permits that are taken now and may be used later.

use super::{
    inner::{Counter, Inner},
    word::Taken,
};
use crate::{event::Shown, time::Tick};
use std::{fmt, sync::Arc, time::Duration};

/// Permits of a [`RateLimiter`](super::RateLimiter) that are taken already, and may be used once
/// their time has come.
///
/// Reservations are served in the order in which they were made. Wait with [`wait`](Self::wait) or
/// [`wait_async`](Self::wait_async), or take the delay by [`commit`](Self::commit) and wait in a way
/// of your own.
///
/// Dropped before its time, a reservation is cancelled: its permits are given back if no later
/// request has reserved since. In the middle of a queue they are lost, because the later ones have
/// their times already; so a cancelled wait never lets more calls through than the rate. Dropped
/// after its time, it counts as used.
///
/// # Examples
///
/// ```
/// use gardefou::{rate_limit::RateLimiter, time::ManualClock};
/// use std::time::Duration;
///
/// let limiter = RateLimiter::builder("mail").rate("1/s").clock(ManualClock::new()).build()?;
/// limiter.try_acquire()?;
/// let reservation = limiter.reserve(1, Duration::from_secs(5))?;
/// assert_eq!(reservation.delay(), Duration::from_secs(1));
/// reservation.wait(); // the clock is simulated: at once
/// assert_eq!(limiter.snapshot().waited, 1);
/// # Ok::<(), gardefou::AppError>(())
/// ```
#[must_use = "a reservation that is dropped before its time is cancelled"]
pub struct Reservation {
    inner: Arc<Inner>,
    taken: Taken,
    ready_at: Tick,
    is_ended: bool,
}

impl Reservation {
    pub(super) fn new(inner: Arc<Inner>, taken: Taken) -> Self {
        if taken.wait() != 0 {
            inner.begin_wait();
        }
        let ready_at = taken.now.after(Duration::from_nanos(taken.wait()));
        Self {
            inner,
            taken,
            ready_at,
            is_ended: false,
        }
    }

    /// Returns how long it takes until the permits may be used; zero if they may be now.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{rate_limit::RateLimiter, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let limiter = RateLimiter::builder("mail").rate("1/s").clock(clock.clone()).build()?;
    /// limiter.try_acquire()?;
    /// let reservation = limiter.reserve(1, Duration::from_secs(5))?;
    /// clock.advance(Duration::from_millis(400));
    /// assert_eq!(reservation.delay(), Duration::from_millis(600));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[must_use]
    pub fn delay(&self) -> Duration {
        self.ready_at.since(self.inner.clock.now())
    }

    /// Blocks the thread until the permits may be used.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{rate_limit::RateLimiter, time::{Clock, ManualClock, Tick}};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let limiter = RateLimiter::builder("mail").rate("1/s").clock(clock.clone()).build()?;
    /// limiter.try_acquire()?;
    /// limiter.reserve(1, Duration::from_secs(5))?.wait();
    /// assert_eq!(clock.now(), Tick::ZERO.after(Duration::from_secs(1)));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn wait(self) {
        self.inner.clock.shared().sleep(self.delay());
        self.end(true);
    }

    /// Waits until the permits may be used, without blocking the thread.
    ///
    /// # Panics
    ///
    /// Like every timer of tokio, where no runtime with time enabled is entered.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the reservation, which is cancelled if its time has not come.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::RateLimiter;
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let limiter = RateLimiter::builder("mail").rate("1/s").build()?;
    /// limiter.try_acquire()?;
    /// let start = tokio::time::Instant::now();
    /// limiter.reserve(1, Duration::from_secs(5))?.wait_async().await;
    /// assert_eq!(start.elapsed().as_secs(), 1);
    /// # Ok::<(), gardefou::AppError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    pub async fn wait_async(self) {
        self.inner.clock.shared().sleep_async(self.delay()).await;
        self.end(true);
    }

    /// Keeps the permits for good, and returns how long to wait before they are used.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{rate_limit::RateLimiter, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::builder("mail").rate("1/s").clock(ManualClock::new()).build()?;
    /// limiter.try_acquire()?;
    /// let send_at = limiter.reserve(1, Duration::from_secs(5))?.commit(); // for a scheduler
    /// assert_eq!(send_at, Duration::from_secs(1));
    /// assert!(limiter.reserve(1, Duration::from_secs(1)).is_err(), "that second is taken");
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[must_use = "the permits must not be used earlier"]
    pub fn commit(self) -> Duration {
        let delay = self.delay();
        self.end(true);
        delay
    }

    /// Gives the permits up, and returns `true` if others can have them: if no later request has
    /// reserved since.
    ///
    /// Unlike a drop it does so after their time, too.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{rate_limit::RateLimiter, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::builder("mail").rate("2/s").clock(ManualClock::new()).build()?;
    /// let first = limiter.reserve(1, Duration::ZERO)?;
    /// let second = limiter.reserve(1, Duration::ZERO)?;
    /// assert!(!first.cancel(), "the second one came later");
    /// assert!(second.cancel());
    /// assert_eq!(limiter.snapshot().available, 1);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn cancel(self) -> bool {
        let is_given_back = self.inner.give_back(&self.taken);
        self.end(false);
        is_given_back
    }

    /// Ends the reservation, so that its drop does nothing.
    fn end(mut self, is_used: bool) {
        self.count(is_used);
        self.is_ended = true;
    }

    fn count(&self, is_used: bool) {
        let has_waited = self.taken.wait() != 0;
        if has_waited {
            self.inner.end_wait();
        }
        if !is_used {
            return self.inner.count(Counter::Cancelled);
        }
        self.inner.count(Counter::Admitted);
        if has_waited {
            self.inner.count(Counter::Waited);
            self.inner.note_wait(self.taken.wait());
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.is_ended {
            return;
        }
        let is_used = self.delay().is_zero();
        if !is_used {
            self.inner.give_back(&self.taken);
        }
        self.count(is_used);
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("limiter", &Shown(&self.inner.name))
            .field("wait", &Duration::from_nanos(self.taken.wait()))
            .finish_non_exhaustive()
    }
}

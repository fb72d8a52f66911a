//! Handle of a rate limiter.

#[cfg(feature = "async")]
use super::async_call::{self, Limited};
use super::{
    config::RateLimiterConfig, inner::Inner, rate::RateSetting, reading::RateLimiterReading,
    reservation::Reservation, snapshot::RateLimiterSnapshot,
};
use crate::{
    chaos,
    error::{CarriesRejection, ConfigError, Policy, Rejection},
    event::Shown,
    time::Tick,
};
#[cfg(feature = "async")]
use crate::{chaos::Ahead, outcome::in_parts};
use std::{fmt, sync::Arc, time::Duration};

/// A rate limiter: it lets calls through at a rate, with bursts, and rejects the others or lets them
/// wait.
///
/// Under whatever contention, the permits granted in any time `t` are at most the burst and the rate
/// times `t`. A permit is taken by one atomic step, without a lock; a rejected call takes nothing.
///
/// Rejections have the code `RATE_LIMIT_ERROR` (429), and a [`retry_after`](Rejection::retry_after)
/// that is exact: after that time on the limiter's clock the same request is admitted if no other one
/// came first, and not a nanosecond earlier.
///
/// A handle is one pointer: clones are cheap and share everything.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, rate_limit::RateLimiter, time::ManualClock};
/// use std::time::Duration;
///
/// let limiter = RateLimiter::builder("geocoder").rate("1/m").clock(ManualClock::new()).build()?;
/// assert_eq!(limiter.call(|| Ok::<_, AppError>(7))?, 7);
///
/// let rejected = limiter.call(|| Ok::<_, AppError>(7)).unwrap_err();
/// assert!(rejected.is(ErrorCode::RATE_LIMIT_ERROR));
/// assert_eq!(rejected.retry_after(), Some(Duration::from_secs(60)));
/// assert_eq!(rejected.to_problem().status(), 429);
/// # Ok::<(), AppError>(())
/// ```
#[derive(Clone)]
pub struct RateLimiter(pub(super) Arc<Inner>);

impl RateLimiter {
    pub(super) fn from_inner(inner: Arc<Inner>) -> Self {
        Self(inner)
    }

    /// Keeps the limiter until the program ends, and returns it.
    ///
    /// A [`Rejection`] refers to its limiter. It counts that reference, unless the limiter stays: then threads
    /// that are rejected at the same time write nothing that they share. Attributes keep theirs.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::{Rate, RateLimiter};
    ///
    /// let limiter: &'static RateLimiter = RateLimiter::builder("search").rate(Rate::per_hour(1)).build()?.leak();
    /// assert!(limiter.try_acquire().is_ok());
    /// assert_eq!(limiter.try_acquire().unwrap_err().name(), "search");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn leak(self) -> &'static Self {
        self.keep();
        Box::leak(Box::new(self))
    }

    /// Keeps the limiter until the program ends: its rejections need not count how many refer to it.
    pub(crate) fn keep(&self) {
        self.0.lasting.keep(&self.0);
    }

    /// Returns the name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::RateLimiter;
    ///
    /// let limiter = RateLimiter::builder(format!("tenant-{}", 7)).rate("10/s").build()?;
    /// assert_eq!(limiter.name(), "tenant-7");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the configuration.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::{Rate, RateLimiter};
    ///
    /// let config = RateLimiter::builder("search").rate("20/m").build()?.config();
    /// assert_eq!((config.rate, config.burst), (Rate::per_minute(20), 20));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> RateLimiterConfig {
        self.0.config()
    }

    /// Runs a function if there is a permit, and waits for one where
    /// [`max_wait`](super::RateLimiterBuilder::max_wait) lets it.
    ///
    /// A wait blocks the thread. Its end is known when it begins: a call that would have to wait
    /// longer, or beyond the [deadline](crate::call::remaining) of the call around it, is rejected
    /// at once.
    ///
    /// # Errors
    ///
    /// The errors of the function, unchanged, and the [`Rejection`] if it did not run.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, rate_limit::RateLimiter};
    ///
    /// let limiter = RateLimiter::builder("search").rate("1/h").build()?;
    /// let mut runs = 0;
    /// let mut search = || limiter.call(|| { runs += 1; Ok::<_, AppError>("found") });
    /// assert!(search().is_ok() && search().is_err());
    /// assert_eq!(runs, 1);
    /// # Ok::<(), AppError>(())
    /// ```
    #[inline]
    pub fn call<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        E: CarriesRejection,
    {
        if let Err(now) = self.0.take_at_once(1)
            && let Err(refusal) = self.0.acquire_at(now, 1)
        {
            return self.0.reject(refusal);
        }
        let start = self.0.start();
        match self.inject_blocking() {
            Ok(()) => {
                let outcome = f();
                self.0.note_call(start);
                outcome
            }
            Err(injected) => injected.into_result(),
        }
    }

    /// As [`call`](Self::call), with the rejection apart from the outcome.
    ///
    /// # Errors
    ///
    /// The rejection, if the function did not run.
    #[doc(hidden)]
    #[inline]
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> Result<R, Rejection> {
        self.acquire()?;
        let start = self.0.start();
        self.inject_blocking()?;
        let outcome = f();
        self.0.note_call(start);
        Ok(outcome)
    }

    /// Injects the fault of an admitted call, if it gets one.
    #[inline]
    fn inject_blocking(&self) -> Result<(), Rejection> {
        let clock = self.0.clock.shared();
        chaos::blocking(Some(Policy::RateLimit), &self.0.name, clock)
    }

    /// Draws the fault of an admitted async call, if it gets one.
    #[cfg(feature = "async")]
    #[inline]
    pub(super) fn inject(&self) -> Result<Ahead, Rejection> {
        let clock = self.0.clock.shared();
        chaos::begin(Some(Policy::RateLimit), &self.0.name, clock)
    }

    /// Awaits a future if there is a permit, and waits for one where
    /// [`max_wait`](super::RateLimiterBuilder::max_wait) lets it, as [`call`](Self::call) does.
    ///
    /// # Errors
    ///
    /// The errors of the future, unchanged, and the [`Rejection`] if it was not made.
    ///
    /// # Panics
    ///
    /// Where it has to wait and no runtime of tokio with time enabled is entered.
    ///
    /// # Cancel safety
    ///
    /// Dropped during the wait, it gives its permit back if no later call has reserved one. Dropped
    /// after the wait, it drops the future; the permit is used.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, rate_limit::RateLimiter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), AppError> {
    /// let limiter = RateLimiter::builder("search").rate("1/h").build()?;
    /// assert_eq!(limiter.call_async(|| async { Ok::<_, AppError>(5) }).await?, 5);
    /// assert!(limiter.call_async(|| async { Ok::<_, AppError>(5) }).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "async")]
    #[inline]
    pub async fn call_async<T, E, F>(&self, f: impl FnOnce() -> F) -> Result<T, E>
    where
        E: CarriesRejection,
        F: Future<Output = Result<T, E>>,
    {
        if let Err(now) = self.0.take_at_once(1) {
            match self.0.take_or_reserve(now, 1) {
                Ok(None) => {}
                Ok(Some(reservation)) => async_call::wait(reservation).await,
                Err(refusal) => return self.0.reject(refusal),
            }
        }
        let start = self.0.start();
        let ahead = match self.inject() {
            Ok(ahead) => ahead,
            Err(injected) => return injected.into_result(),
        };
        if start.is_some() {
            // Boxed, so that the future of a call that is not timed has no room for a start.
            let timed = Box::pin(async move {
                let outcome = ahead.before(f()).await;
                self.0.note_call(start);
                outcome
            });
            return in_parts(timed.await);
        }
        in_parts(ahead.before(f()).await)
    }

    /// As [`call_async`](Self::call_async) for a future that is made already, with the rejection
    /// apart from the outcome.
    #[cfg(feature = "async")]
    #[doc(hidden)]
    #[inline]
    pub fn run_async<F: Future>(&self, future: F) -> Limited<&Self, F> {
        Limited::new(self, future)
    }

    /// As [`run_async`](Self::run_async), for a future that holds the limiter.
    #[cfg(feature = "tower")]
    pub(crate) fn limit_owned<F>(&self, call: F) -> Limited<Self, F> {
        Limited::new(self.clone(), call)
    }

    /// Takes one permit if there is one now. Never waits, whatever `max_wait` is.
    ///
    /// # Errors
    ///
    /// The [`Rejection`], with the exact time after which there is a permit.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, error::Policy, rate_limit::RateLimiter, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let limiter = RateLimiter::builder("search").rate("3/s").burst(1).clock(clock.clone()).build()?;
    /// limiter.try_acquire()?;
    /// let rejection = limiter.try_acquire().unwrap_err();
    /// assert_eq!((rejection.policy(), rejection.code()), (Policy::RateLimit, ErrorCode::RATE_LIMIT_ERROR));
    ///
    /// let wait = rejection.retry_after().unwrap();
    /// clock.advance(wait - Duration::from_nanos(1));
    /// assert!(limiter.try_acquire().is_err());
    /// clock.advance(Duration::from_nanos(1));
    /// assert!(limiter.try_acquire().is_ok());
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[inline]
    pub fn try_acquire(&self) -> Result<(), Rejection> {
        self.try_acquire_n(1)
    }

    /// Takes `weight` permits at once if they are all there now; takes none otherwise. A weight of
    /// zero is always admitted.
    ///
    /// # Errors
    ///
    /// The [`Rejection`]. It has no `retry_after` where `weight` is more than the burst: so many are
    /// never there at once. [`reserve`](Self::reserve) grants them after a wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{rate_limit::RateLimiter, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::builder("search").rate("10/s").clock(ManualClock::new()).build()?;
    /// limiter.try_acquire_n(6)?;
    /// let rejection = limiter.try_acquire_n(5).unwrap_err();
    /// assert_eq!(rejection.retry_after(), Some(Duration::from_millis(100)));
    /// assert_eq!(limiter.snapshot().available, 4, "the rejected request took nothing");
    /// assert_eq!(limiter.try_acquire_n(11).unwrap_err().retry_after(), None);
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[inline]
    pub fn try_acquire_n(&self, weight: u32) -> Result<(), Rejection> {
        match self.0.take_at_once(weight) {
            Ok(()) => Ok(()),
            Err(now) => self
                .0
                .take_after(now, weight)
                .map_err(|refusal| self.0.rejection(refusal)),
        }
    }

    /// Takes one permit, and blocks the thread until its time where `max_wait` lets it.
    ///
    /// # Errors
    ///
    /// The [`Rejection`], at once, if the wait would be longer than `max_wait` or reach beyond the
    /// [deadline](crate::call::remaining) of the call under way. Nothing is taken then.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{rate_limit::RateLimiter, time::{Clock, ManualClock, Tick}};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let builder = RateLimiter::builder("mail").rate("1/500ms").clock(clock.clone());
    /// let limiter = builder.max_wait(Duration::from_secs(1)).build()?;
    /// limiter.acquire()?;
    /// limiter.acquire()?; // simulated: half a second passes at once
    /// assert_eq!(clock.now(), Tick::ZERO.after(Duration::from_millis(500)));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[inline]
    pub fn acquire(&self) -> Result<(), Rejection> {
        self.acquire_n(1)
    }

    /// Takes `weight` permits at once, and blocks the thread until their time where `max_wait` lets
    /// it.
    ///
    /// More than the burst are granted too, where `max_wait` is long enough for the rate to bring
    /// those beyond it.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{rate_limit::RateLimiter, time::{Clock, ManualClock, Tick}};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let builder = RateLimiter::builder("mail").rate("10/s").clock(clock.clone());
    /// let limiter = builder.max_wait(Duration::from_secs(5)).build()?;
    /// limiter.acquire_n(30)?; // the burst of 10, and 20 that come in two seconds
    /// assert_eq!(clock.now(), Tick::ZERO.after(Duration::from_secs(2)));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[inline]
    pub fn acquire_n(&self, weight: u32) -> Result<(), Rejection> {
        match self.0.take_at_once(weight) {
            Ok(()) => Ok(()),
            Err(now) => self
                .0
                .acquire_at(now, weight)
                .map_err(|refusal| self.0.rejection(refusal)),
        }
    }

    /// Takes one permit, and waits until its time where `max_wait` lets it.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Panics
    ///
    /// Where it has to wait and no runtime of tokio with time enabled is entered.
    ///
    /// # Cancel safety
    ///
    /// Dropped during the wait, it gives its permit back if no later request has reserved since.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::RateLimiter;
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let limiter = RateLimiter::builder("mail").rate("1/s").max_wait(Duration::from_secs(5)).build()?;
    /// let start = tokio::time::Instant::now();
    /// limiter.acquire_async().await?;
    /// limiter.acquire_async().await?;
    /// assert_eq!(start.elapsed().as_secs(), 1);
    /// # Ok::<(), gardefou::AppError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    #[inline]
    pub async fn acquire_async(&self) -> Result<(), Rejection> {
        self.acquire_n_async(1).await
    }

    /// Takes `weight` permits at once, and waits until their time where `max_wait` lets it.
    ///
    /// # Errors
    ///
    /// As [`acquire_n`](Self::acquire_n).
    ///
    /// # Panics
    ///
    /// Where it has to wait and no runtime of tokio with time enabled is entered.
    ///
    /// # Cancel safety
    ///
    /// Dropped during the wait, it gives its permits back if no later request has reserved since.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::RateLimiter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), gardefou::AppError> {
    /// let limiter = RateLimiter::builder("mail").rate("10/h").build()?;
    /// limiter.acquire_n_async(9).await?;
    /// assert!(limiter.acquire_n_async(2).await.is_err(), "no wait is allowed");
    /// assert!(limiter.acquire_n_async(1).await.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "async")]
    #[inline]
    pub async fn acquire_n_async(&self, weight: u32) -> Result<(), Rejection> {
        if let Err(now) = self.0.take_at_once(weight)
            && let Some(reservation) = self
                .0
                .take_or_reserve(now, weight)
                .map_err(|refusal| self.0.rejection(refusal))?
        {
            async_call::wait(reservation).await;
        }
        Ok(())
    }

    /// Takes `weight` permits now that may be used after a wait of at most `max_wait`; that of the
    /// configuration does not count.
    ///
    /// Reservations are served in the order in which they are made, and requests that want to
    /// proceed at once stand behind them. More permits than the burst can be reserved: the wait is
    /// then long enough for the rate to bring those beyond it.
    ///
    /// # Errors
    ///
    /// The [`Rejection`], at once, if the wait would be longer or reach beyond the
    /// [deadline](crate::call::remaining) of the call under way. Nothing is taken then.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{rate_limit::RateLimiter, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::builder("mail").rate("1/s").clock(ManualClock::new()).build()?;
    /// let first = limiter.reserve(1, Duration::ZERO)?;
    /// let second = limiter.reserve(1, Duration::from_secs(1))?;
    /// let third = limiter.reserve(1, Duration::from_secs(1));
    /// assert_eq!((first.delay(), second.delay()), (Duration::ZERO, Duration::from_secs(1)));
    /// assert_eq!(third.unwrap_err().retry_after(), Some(Duration::from_secs(1)));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn reserve(&self, weight: u32, max_wait: Duration) -> Result<Reservation, Rejection> {
        self.0
            .reserve(weight, max_wait)
            .map_err(|refusal| self.0.rejection(refusal))
    }

    /// Takes all permits that are there, and returns how many: the next call is let through after
    /// one permit has come. Reservations keep their times.
    ///
    /// For example after the callee itself answered that its limit is exceeded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{rate_limit::RateLimiter, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::builder("search").rate("10/s").clock(ManualClock::new()).build()?;
    /// limiter.try_acquire()?;
    /// assert_eq!((limiter.drain(), limiter.drain()), (9, 0));
    /// let rejection = limiter.try_acquire().unwrap_err();
    /// assert_eq!(rejection.retry_after(), Some(Duration::from_millis(100)));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn drain(&self) -> u32 {
        self.0.drain()
    }

    /// Changes the rate while the limiter is in use; a burst that was not set follows it.
    ///
    /// The permits that are taken and not replaced yet stay as many, and come back at the new rate;
    /// those that are there stay up to the new burst. Reservations keep their times. The change and
    /// every check beside it have one order: no check sees a part of it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the rate is out of its range; the limiter then goes on as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{rate_limit::{Rate, RateLimiter}, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// let limiter = RateLimiter::builder("search").rate("10/s").clock(ManualClock::new()).build()?;
    /// limiter.try_acquire_n(10)?;
    /// limiter.set_rate("2/s")?;
    /// assert_eq!((limiter.config().rate, limiter.config().burst), (Rate::per_second(2), 2));
    /// assert_eq!(limiter.snapshot().available, 0, "the permits that were taken are still missing");
    /// assert_eq!(limiter.set_rate("0/s").unwrap_err().field(), "rate");
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn set_rate(&self, rate: impl Into<RateSetting>) -> Result<(), ConfigError> {
        self.0.set_rate(rate.into().0?)
    }

    /// Returns everything that is known about the limiter at this moment. Reading it takes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::rate_limit::RateLimiter;
    ///
    /// let limiter = RateLimiter::builder("search").rate("10/h").build()?;
    /// limiter.try_acquire_n(4)?;
    /// let snapshot = limiter.snapshot();
    /// assert_eq!((snapshot.available, snapshot.admitted), (6, 1));
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> RateLimiterSnapshot {
        RateLimiterSnapshot::new(&self.0)
    }

    pub(super) fn reading(&self) -> RateLimiterReading {
        self.0.reading()
    }

    /// Returns `true` if the limiter is full and nothing waits: it is as one that was just made.
    pub(crate) fn is_idle_at(&self, now: Tick) -> bool {
        self.0.waiting() == 0 && self.0.is_full_at(now)
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter")
            .field("name", &Shown(self.name()))
            .field("config", &self.config())
            .finish_non_exhaustive()
    }
}

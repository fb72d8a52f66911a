//! Handle of a hedge.

#[cfg(feature = "tower")]
use super::owned_call::OwnedCall;
use super::{
    builder::HedgeBuilder, config::HedgeConfig, inner::HedgeInner, snapshot::HedgeSnapshot,
};
#[cfg(feature = "async")]
use super::{
    run::Hedged,
    view::{AnyError, AttemptView},
};
use crate::budget::RetryBudget;
use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

/// Starts another attempt beside one that takes long, and returns whichever succeeds first.
///
/// For idempotent async functions: two attempts may run to their end. The next attempt starts after
/// the [`after`](HedgeBuilder::after) or [`quantile`](HedgeBuilder::quantile) delay, or at once when
/// an attempt has failed with an error that another one may not meet. The first success is the
/// outcome of the call, and so is a permanent error of any attempt; the other attempts are dropped
/// then, which breakers inside them do not count. Where all attempts fail, the error of the first
/// one is returned.
///
/// Each attempt after the first takes a token of the budget. Where there is none, no further one
/// starts, and those under way go on. An open circuit inside an attempt starts none either; a
/// bulkhead or a rate limiter that has no room leaves the next one to its delay.
///
/// An error that is reported inside an attempt counts as that of a retried attempt, unless it is the
/// outcome of the call. [`call::attempt`](crate::call::attempt) is that of the retry around the
/// hedge.
///
/// Clones share the budget and the measured times.
///
/// # Examples
///
/// ```
/// use gardefou::hedge::Hedge;
/// use std::{cell::Cell, time::Duration};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let hedge = Hedge::builder("search").after(Duration::from_millis(50)).build()?;
/// let attempts = Cell::new(0);
/// let found = hedge.call_async(|| {
///     let attempt = attempts.replace(attempts.get() + 1);
///     async move { if attempt == 0 { Err("connection reset") } else { Ok(attempt) } }
/// });
/// assert_eq!(found.await, Ok(1), "at once after the failure");
/// assert_eq!(hedge.snapshot().won, 1);
/// # Ok::<(), gardefou::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
#[must_use = "a hedge does nothing until something is called through it"]
pub struct Hedge(pub(super) Arc<HedgeInner>);

impl Hedge {
    /// Returns a builder of a hedge with this name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::hedge::Hedge;
    ///
    /// let hedge = Hedge::builder("search").quantile(0.95).build()?;
    /// assert_eq!(hedge.name(), "search");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn builder(name: impl Into<Cow<'static, str>>) -> HedgeBuilder {
        HedgeBuilder::new(name.into())
    }

    /// Calls the function, and again beside a call that takes long.
    ///
    /// The first attempt is polled in place, and nothing is allocated unless another one starts.
    ///
    /// # Errors
    ///
    /// A permanent error of any attempt, or where all attempts failed, the error of the first one.
    ///
    /// # Panics
    ///
    /// Where the first attempt waits and no tokio runtime with time enabled is entered.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops every attempt.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, hedge::Hedge};
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let hedge = Hedge::builder("search").after(Duration::from_millis(50)).build()?;
    /// let pages = ["birds", "trees"];
    /// let found = hedge.call_async(|| async { Ok::<_, AppError>(pages[0]) }).await?; // it borrows
    /// assert_eq!(found, "birds");
    ///
    /// let missing = || async { Err::<(), _>(AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "no such page")) };
    /// assert!(hedge.call_async(missing).await.is_err());
    /// assert_eq!(hedge.snapshot().started, 0, "another attempt would not find it either");
    /// # Ok::<(), AppError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    pub async fn call_async<T, E: 'static, F>(&self, op: impl Fn() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.run_async(AnyError, op).await
    }

    /// As [`call_async`](Self::call_async), with the caller's own view of the errors, which may
    /// borrow; for generated code.
    #[cfg(feature = "async")]
    #[doc(hidden)]
    #[inline]
    pub fn run_async<T, E, F>(
        &self,
        view: impl AttemptView<E>,
        op: impl Fn() -> F,
    ) -> impl Future<Output = Result<T, E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        Hedged::new(&*self.0, op, view)
    }

    /// As [`call_async`](Self::call_async), as a future that holds the hedge.
    #[cfg(feature = "tower")]
    pub(crate) fn call_owned<M, F, E, V>(&self, make: M, view: V) -> OwnedCall<M, F, E, V> {
        OwnedCall::new(self.clone(), make, view)
    }

    /// Returns the name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::hedge::Hedge;
    ///
    /// assert_eq!(Hedge::builder("search").quantile(0.9).build()?.name(), "search");
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
    /// use gardefou::hedge::{Hedge, HedgeDelay};
    ///
    /// let hedge = Hedge::builder("search").quantile(0.9).build()?;
    /// assert_eq!(hedge.config().delay, HedgeDelay::Quantile(0.9));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> &HedgeConfig {
        self.0.config()
    }

    /// Returns the budget on which a call of this thread draws, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::hedge::Hedge;
    ///
    /// assert!(Hedge::builder("search").quantile(0.9).build()?.budget().is_some());
    /// assert!(Hedge::builder("search").quantile(0.9).budget(false).build()?.budget().is_none());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn budget(&self) -> Option<RetryBudget> {
        self.0.budget.budget()
    }

    /// Returns how long an attempt of a call that begins now runs before the next one starts beside
    /// it; `None` while too few attempts were measured.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{hedge::Hedge, time::ManualClock};
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let clock = ManualClock::new();
    /// let hedge = Hedge::builder("search").quantile(0.95).clock(clock.clone()).build()?;
    /// assert_eq!(hedge.delay(), None);
    /// for _ in 0..100 {
    ///     let search = || async {
    ///         clock.advance(Duration::from_millis(20));
    ///         Ok::<_, String>(())
    ///     };
    ///     assert!(hedge.call_async(search).await.is_ok());
    /// }
    /// clock.advance(Duration::from_millis(100));
    /// let delay = hedge.delay().unwrap();
    /// assert!(delay >= Duration::from_millis(20) && delay <= Duration::from_millis(23));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        self.0.delay_at(self.0.measured_now())
    }

    /// Returns what the hedge has done so far.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::hedge::Hedge;
    ///
    /// let hedge = Hedge::builder("search").quantile(0.9).build()?;
    /// assert_eq!(hedge.snapshot().started, 0);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> HedgeSnapshot {
        let [started, won, refused] = self.0.counts.read();
        HedgeSnapshot {
            started,
            won,
            refused,
            delay: self.delay(),
        }
    }
}

impl fmt::Debug for Hedge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hedge")
            .field("name", &self.0.name)
            .field("config", self.0.config())
            .field("budget", &self.budget())
            .field("snapshot", &self.snapshot())
            .finish()
    }
}

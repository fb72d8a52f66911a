//! Handle of a bulkhead.

#[cfg(feature = "tower")]
use super::owned_call::OwnedCall;
#[cfg(feature = "async")]
use super::{async_call::Guarded, async_wait::Acquire};
use super::{
    blocking,
    builder::BulkheadBuilder,
    config::BulkheadConfig,
    held,
    held::Held,
    inner::{Inner, Reason},
    permit::BulkheadPermit,
    reading::BulkheadReading,
    snapshot::BulkheadSnapshot,
};
#[cfg(feature = "tower")]
use crate::chaos::Ahead;
#[cfg(feature = "async")]
use crate::outcome::in_parts;
use crate::{
    classify::Classified,
    error::{CarriesRejection, ConfigError, Rejection},
    event::Shown,
};
use std::{fmt, sync::Arc};

/// A bulkhead: it limits how many calls run at once, and rejects those that are too many, at once or
/// after a bounded wait.
///
/// A handle is one pointer: clones are cheap and share everything. Slots are not tied to threads; a
/// call that enters the same bulkhead again further in takes a second one, and so can wait for itself
/// where all are taken.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, bulkhead::Bulkhead};
///
/// let reports = Bulkhead::builder("reports").max_concurrent(1).build()?;
/// let outcome = reports.call(|| {
///     // While this one runs, there is no slot for another.
///     let other = reports.call(|| Ok::<_, AppError>("not run"));
///     assert!(other.unwrap_err().is(ErrorCode::CONCURRENCY_LIMIT_ERROR));
///     Ok::<_, AppError>("done")
/// });
/// assert_eq!(outcome?, "done");
/// # Ok::<(), AppError>(())
/// ```
#[derive(Clone)]
pub struct Bulkhead(pub(super) Arc<Inner>);

impl Bulkhead {
    /// Returns a builder of a bulkhead of its own.
    ///
    /// The name is 1 to 128 bytes of printable characters; that and all other rules are checked by
    /// [`build`](BulkheadBuilder::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::builder("reports").build()?;
    /// assert_eq!(bulkhead.config().max_concurrent, 16);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[track_caller]
    pub fn builder(name: impl Into<String>) -> BulkheadBuilder {
        BulkheadBuilder::new(name.into())
    }

    pub(super) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    #[cfg(test)]
    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.0
    }

    /// Runs a function while it holds a slot.
    ///
    /// The slot is given back when the function has ended, by a panic too. The class of an error is
    /// looked at only by an [adaptive](BulkheadBuilder::adaptive) bulkhead. Waiting for a slot blocks
    /// the thread.
    ///
    /// # Errors
    ///
    /// The errors of the function, unchanged, and the [`Rejection`] if it did not run.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, bulkhead::Bulkhead};
    ///
    /// let bulkhead = Bulkhead::builder("reports").build()?;
    /// let mut lines = vec!["header"];
    /// bulkhead.call(|| {
    ///     lines.push("a report");
    ///     Ok::<_, AppError>(())
    /// })?;
    /// assert_eq!((lines.len(), bulkhead.snapshot().in_flight), (2, 0));
    /// # Ok::<(), AppError>(())
    /// ```
    #[inline]
    pub fn call<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
    {
        match self.run(f) {
            Ok(outcome) => outcome,
            Err(rejection) => rejection.into_result(),
        }
    }

    /// Awaits a future while it holds a slot.
    ///
    /// The future is made once there is a slot. It is given back when the future is ready, panics or
    /// is dropped.
    ///
    /// # Errors
    ///
    /// The errors of the future, unchanged, and the [`Rejection`] if it was not made.
    ///
    /// # Panics
    ///
    /// Like every timer of tokio, where it has to wait and no runtime with time enabled is entered.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it waits it leaves the queue; dropped later it drops the future inside and then
    /// gives the slot back.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, bulkhead::Bulkhead};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), AppError> {
    /// let bulkhead = Bulkhead::builder("reports").build()?;
    /// let report = bulkhead.call_async(|| async { Ok::<_, AppError>("a report") }).await?;
    /// assert_eq!(report, "a report");
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "async")]
    pub async fn call_async<T, E, F>(&self, f: impl FnOnce() -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        let held = match Acquire::new(&self.0).await {
            Ok(held) => held,
            Err(rejection) => return rejection.into_result(),
        };
        let (held, ahead) = match held.inject() {
            Ok(injected) => injected,
            Err(injected) => return injected.into_result(),
        };
        match Guarded::admitted(held, held::by_view, ahead.before(f())).await {
            Ok(outcome) => in_parts(outcome),
            Err(rejection) => rejection.into_result(),
        }
    }

    /// Runs a function while it holds a slot; its outcome stands apart from a rejection.
    ///
    /// # Errors
    ///
    /// The rejection, if the function did not run.
    #[doc(hidden)]
    #[inline]
    pub fn run<T, E: 'static>(
        &self,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, Rejection> {
        self.run_with(held::by_view, f)
    }

    /// As [`run`](Self::run), for errors that `classify` knows.
    ///
    /// # Errors
    ///
    /// The rejection, if the function did not run.
    #[doc(hidden)]
    #[inline]
    pub fn run_with<T, E>(
        &self,
        classify: impl FnOnce(&E) -> Classified,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, Rejection> {
        let held = blocking::acquire(&self.0)?.inject_blocking()?;
        let outcome = f();
        held.end(&outcome, classify);
        Ok(outcome)
    }

    /// Awaits a future while it holds a slot; its outcome stands apart from a rejection.
    #[doc(hidden)]
    #[cfg(feature = "async")]
    #[inline]
    pub fn run_async<T, E: 'static, F: Future<Output = Result<T, E>>>(
        &self,
        future: F,
    ) -> impl Future<Output = Result<Result<T, E>, Rejection>> {
        self.run_async_with(held::by_view, future)
    }

    /// As [`run_async`](Self::run_async), for errors that `classify` knows.
    #[doc(hidden)]
    #[cfg(feature = "async")]
    #[inline]
    pub fn run_async_with<T, E, F: Future<Output = Result<T, E>>, C: Fn(&E) -> Classified>(
        &self,
        classify: C,
        future: F,
    ) -> Guarded<'_, F, C> {
        Guarded::new(&self.0, classify, future)
    }

    /// Takes a slot if one is free and no other call waits for one; never waits.
    ///
    /// # Errors
    ///
    /// The [`Rejection`], when the call must not be made.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, bulkhead::Bulkhead};
    ///
    /// let search = Bulkhead::builder("search").max_concurrent(1).build()?;
    /// let permit = search.try_acquire()?;
    /// let rejection = search.try_acquire().unwrap_err();
    /// assert_eq!((rejection.name(), rejection.code()), ("search", ErrorCode::CONCURRENCY_LIMIT_ERROR));
    /// assert_eq!(rejection.cause().unwrap(), "all slots (1) are taken");
    /// drop(permit);
    /// assert!(search.try_acquire().is_ok());
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[inline]
    pub fn try_acquire(&self) -> Result<BulkheadPermit, Rejection> {
        match Held::try_take(&self.0) {
            Some(held) => Ok(BulkheadPermit::new(&self.0, held)),
            None => Err(self.0.reject(Reason::Full)),
        }
    }

    /// Takes a slot, and blocks the thread for as long as `max_wait` and the deadline of the call
    /// allow while there is none.
    ///
    /// In asynchronous code use [`acquire_async`](Self::acquire_async): a blocked worker thread of a
    /// runtime can keep the task from running that would give a slot back.
    ///
    /// # Errors
    ///
    /// The [`Rejection`], when the call must not be made.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    /// use std::{thread, time::Duration};
    ///
    /// let search = Bulkhead::builder("search").max_concurrent(1).max_wait(Duration::from_secs(60)).build()?;
    /// let permit = search.acquire()?;
    /// let there = search.clone();
    /// let waiter = thread::spawn(move || there.acquire().is_ok());
    /// while search.snapshot().queued == 0 {
    ///     thread::yield_now();
    /// }
    /// drop(permit);
    /// assert!(waiter.join().unwrap());
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    #[inline]
    pub fn acquire(&self) -> Result<BulkheadPermit, Rejection> {
        blocking::acquire(&self.0).map(|held| BulkheadPermit::new(&self.0, held))
    }

    /// Takes a slot, and waits for as long as `max_wait` and the deadline of the call allow while
    /// there is none.
    ///
    /// # Errors
    ///
    /// The [`Rejection`], when the call must not be made.
    ///
    /// # Panics
    ///
    /// Like every timer of tokio, where it has to wait and no runtime with time enabled is entered.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the queue; a slot that was granted in that moment goes to the next
    /// one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let search = Bulkhead::builder("search").max_concurrent(1).max_wait(Duration::from_secs(5)).build()?;
    /// let permit = search.acquire_async().await?;
    /// tokio::spawn(async move {
    ///     tokio::time::sleep(Duration::from_secs(2)).await;
    ///     drop(permit);
    /// });
    /// let _permit = search.acquire_async().await?;
    /// assert_eq!(search.snapshot().longest_wait.as_secs(), 2);
    /// # Ok::<(), gardefou::AppError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    pub async fn acquire_async(&self) -> Result<BulkheadPermit, Rejection> {
        let held = Acquire::new(&self.0).await?;
        Ok(BulkheadPermit::new(&self.0, held))
    }

    /// Guards a future that is the call, and that the result holds together with the bulkhead.
    #[cfg(feature = "tower")]
    pub(crate) fn guard_owned<F>(&self, call: F) -> OwnedCall<F> {
        OwnedCall::new(self.clone(), call)
    }

    /// Admits a call if a slot is free and no other call waits for one, and draws its fault; that
    /// there is none is no rejection.
    #[cfg(feature = "tower")]
    pub(super) fn admit_at_once(&self) -> Option<Result<(BulkheadPermit, Ahead), Rejection>> {
        Held::try_take(&self.0).map(|held| self.inject(held))
    }

    /// Admits a call once there is a slot, and draws its fault.
    #[cfg(feature = "tower")]
    pub(super) async fn admit(&self) -> Result<(BulkheadPermit, Ahead), Rejection> {
        self.inject(Acquire::new(&self.0).await?)
    }

    #[cfg(feature = "tower")]
    fn inject(&self, held: Held<'_>) -> Result<(BulkheadPermit, Ahead), Rejection> {
        let (held, ahead) = held.inject()?;
        Ok((BulkheadPermit::new(&self.0, held), ahead))
    }

    /// Sets how many calls may run at once from now on; of an adaptive bulkhead, the limit from
    /// which it goes on to adapt.
    ///
    /// A greater limit admits waiting calls at once. Where more calls run than a smaller one allows,
    /// they go on, and none is admitted until enough of them have ended. The length of the queue
    /// stays.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a limit outside the range of
    /// [`max_concurrent`](BulkheadBuilder::max_concurrent); the limit stays then.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let search = Bulkhead::builder("search").max_concurrent(2).build()?;
    /// let (one, _other) = (search.try_acquire()?, search.try_acquire()?);
    /// search.set_max_concurrent(1)?;
    /// drop(one);
    /// assert!(search.try_acquire().is_err(), "one call still runs");
    /// search.set_max_concurrent(2)?;
    /// assert!(search.try_acquire().is_ok());
    /// # Ok::<(), gardefou::AppError>(())
    /// ```
    pub fn set_max_concurrent(&self, calls: u32) -> Result<(), ConfigError> {
        match self.0.config.get().problem_with(calls) {
            Some(problem) => Err(problem),
            None => {
                self.0.set_limit(calls);
                Ok(())
            }
        }
    }

    /// Keeps the bulkhead until the program ends, and returns it.
    ///
    /// A [`Rejection`] and a [`BulkheadPermit`] refer to their bulkhead. They count that reference, unless the
    /// bulkhead stays: then threads that get them at the same time do not write one count. Attributes keep theirs.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let bulkhead: &'static Bulkhead = Bulkhead::builder("reports").max_concurrent(1).build()?.leak();
    /// let running = bulkhead.try_acquire();
    /// assert_eq!(bulkhead.try_acquire().unwrap_err().name(), "reports");
    /// # drop(running);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn leak(self) -> &'static Self {
        self.keep();
        Box::leak(Box::new(self))
    }

    /// Keeps the bulkhead until the program ends: its rejections need not count how many refer to it.
    pub(crate) fn keep(&self) {
        self.0.lasting.keep(&self.0);
    }

    /// Returns the name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::builder(format!("shard-{}", 7)).build()?;
    /// assert_eq!(bulkhead.name(), "shard-7");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the configuration with which the bulkhead was built. The present limit is in the
    /// [`snapshot`](Self::snapshot).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::builder("reports").max_concurrent(3).build()?;
    /// bulkhead.set_max_concurrent(4)?;
    /// assert_eq!((bulkhead.config().max_concurrent, bulkhead.snapshot().limit), (3, 4));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> &BulkheadConfig {
        self.0.config.get()
    }

    /// Returns everything that is known about the bulkhead at this moment. Reading it changes
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, bulkhead::Bulkhead};
    ///
    /// let bulkhead = Bulkhead::builder("reports").max_concurrent(2).build()?;
    /// bulkhead.call(|| {
    ///     assert_eq!(bulkhead.snapshot().in_flight, 1);
    ///     Ok::<_, AppError>(())
    /// })?;
    /// let snapshot = bulkhead.snapshot();
    /// assert_eq!((snapshot.in_flight, snapshot.admitted), (0, 1));
    /// # Ok::<(), AppError>(())
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> BulkheadSnapshot {
        BulkheadSnapshot::new(&self.0)
    }

    pub(super) fn reading(&self) -> BulkheadReading {
        self.0.reading()
    }

    /// Returns `true` if no call runs or waits.
    #[must_use]
    pub(crate) fn is_idle(&self) -> bool {
        let word = self.0.word();
        word.in_flight() == 0 && !word.is_waiting()
    }
}

impl fmt::Debug for Bulkhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.0.word();
        f.debug_struct("Bulkhead")
            .field("name", &Shown(self.name()))
            .field("limit", &word.limit())
            .field("in_flight", &word.in_flight())
            .finish_non_exhaustive()
    }
}

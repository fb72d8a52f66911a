//! Handle of a timeout.

#[cfg(feature = "async")]
use super::async_call::Timed;
use super::{builder::TimeoutBuilder, durations::TimeoutDurations, late};
use crate::{
    call::Granted,
    chaos,
    error::{AppError, CarriesRejection, ErrorCode, Policy, Rejection, Rejector},
    event::GuardName,
    revised::Revised,
    time::{Reading, SharedClock},
};
#[cfg(feature = "async")]
use crate::{chaos::Ahead, outcome::in_parts};
use std::{borrow::Cow, fmt, panic::Location, sync::Arc, time::Duration};

/// A limit on how long a call may take.
///
/// Cheap to clone.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, time::ManualClock, timeout::Timeout};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let timeout = Timeout::builder("export").limit(Duration::from_secs(2)).clock(clock.clone()).build()?;
/// let late = timeout.call(|| {
///     clock.advance(Duration::from_secs(5));
///     Ok::<_, AppError>("a value that came late is returned, with a warning")
/// });
/// assert!(late.is_ok());
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Timeout(pub(super) Arc<TimeoutInner>);

/// The contents of a [`Timeout`], which all its clones share.
#[derive(Debug)]
pub(crate) struct TimeoutInner {
    pub(super) name: GuardName<Cow<'static, str>>,
    pub(super) terms: Revised<TimeoutTerms>,
    pub(super) durations: TimeoutDurations,
    pub(super) clock: SharedClock,
    /// Where the timeout was built.
    pub(super) place: &'static Location<'static>,
}

/// The limit, how the clock is read for it, and whether calls are timed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeoutTerms {
    limit: Duration,
    reading: Reading,
    pub(super) is_timed: bool,
}

impl TimeoutTerms {
    pub(super) fn new(limit: Duration, is_timed: bool) -> Self {
        Self {
            limit,
            reading: Reading::of(limit),
            is_timed,
        }
    }
}

impl Timeout {
    /// Returns a builder of a timeout with this name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::timeout::Timeout;
    /// use std::time::Duration;
    ///
    /// let timeout = Timeout::builder("export").limit(Duration::from_secs(2)).build()?;
    /// assert_eq!(timeout.name(), "export");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[track_caller]
    pub fn builder(name: impl Into<Cow<'static, str>>) -> TimeoutBuilder {
        TimeoutBuilder::new(name.into())
    }

    /// Returns the name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::timeout::Timeout;
    /// use std::time::Duration;
    ///
    /// let timeout = Timeout::builder(format!("shard-{}", 7)).limit(Duration::from_secs(2)).build()?;
    /// assert_eq!(timeout.name(), "shard-7");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns how long a call may take.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::timeout::Timeout;
    /// use std::time::Duration;
    ///
    /// let timeout = Timeout::builder("export").limit(Duration::from_millis(1500)).build()?;
    /// assert_eq!(timeout.limit(), Duration::from_millis(1500));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.0.terms.get().limit
    }

    /// Returns `true` if calls are timed for [metrics](crate::guide::metrics).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::timeout::Timeout;
    /// use std::time::Duration;
    ///
    /// let timeout = Timeout::builder("export").limit(Duration::from_secs(2)).timed(true).build()?;
    /// assert!(timeout.is_timed());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.0.terms.get().is_timed
    }

    /// Runs a function under the limit, which is the deadline of everything inside.
    ///
    /// Blocking code is not interrupted, and no result is discarded: an `Ok` that comes too late is
    /// returned, and recorded once as a warning; an `Err` that comes too late is returned as well,
    /// with the details `limit` and `elapsed` where it is an [`AppError`].
    ///
    /// # Errors
    ///
    /// Those of the function, and a [`Rejection`] with code `TIMEOUT_ERROR` where the deadline around
    /// the call has passed: then the function does not run.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, time::ManualClock, timeout::Timeout};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let timeout = |seconds| Timeout::builder("export").limit(Duration::from_secs(seconds)).clock(clock.clone()).build();
    /// let (whole, part) = (timeout(2)?, timeout(1)?);
    /// let outcome = whole.call(|| {
    ///     clock.advance(Duration::from_secs(3));
    ///     part.call(|| Ok::<_, AppError>("never runs"))
    /// });
    /// assert!(outcome.unwrap_err().is(ErrorCode::TIMEOUT_ERROR));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    pub fn call<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
    {
        self.run(AppError::of_mut, f)
            .unwrap_or_else(Rejection::into_result)
    }

    /// Awaits a future, and drops it when the limit is over; meanwhile the limit is the deadline of
    /// everything inside.
    ///
    /// The future is polled before the timer, which is made when the future is first pending. So a
    /// future that is ready at once needs no timer, and an output is never discarded. A breaker
    /// inside counts a failure; a limit that was cut to less than half by the deadline around the
    /// call shows nothing about the callee, and counts as nothing.
    ///
    /// # Errors
    ///
    /// Those of the future, and a [`Rejection`] with code `TIMEOUT_ERROR` when the limit is over, or
    /// where the deadline around the call has passed before.
    ///
    /// # Panics
    ///
    /// Like every timer of tokio, when the future is first pending where no runtime with time enabled
    /// is entered.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the one inside.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, timeout::Timeout};
    /// use std::{future::pending, time::Duration};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let timeout = Timeout::builder("fetch").limit(Duration::from_millis(200)).build()?;
    /// assert_eq!(timeout.call_async(|| async { Ok::<_, AppError>(42) }).await?, 42);
    /// let err = timeout.call_async(pending::<Result<u32, AppError>>).await.unwrap_err();
    /// assert_eq!(err.to_string(), "timeout `fetch` cut off the call");
    /// # Ok::<(), AppError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    pub async fn call_async<T, E, F>(&self, f: impl FnOnce() -> F) -> Result<T, E>
    where
        E: CarriesRejection,
        F: Future<Output = Result<T, E>>,
    {
        let granted = match self.granted() {
            Ok(granted) => granted,
            Err(rejection) => return rejection.into_result(),
        };
        let ahead = match self.inject() {
            Ok(ahead) => ahead,
            Err(injected) => return injected.into_result(),
        };
        let (outcome, elapsed) = granted.limit(ahead.before(f())).with_elapsed().await;
        self.note_call(elapsed);
        match outcome {
            Some(outcome) => in_parts(outcome),
            None => self.rejection().into_result(),
        }
    }

    /// As [`call`](Self::call), with the rejection apart.
    ///
    /// # Errors
    ///
    /// The deadline around the call has passed.
    #[doc(hidden)]
    #[inline]
    pub fn run<T, E>(
        &self,
        app_mut: impl FnOnce(&mut E) -> Option<&mut AppError>,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, Rejection> {
        let granted = self.granted()?;
        let mut outcome = {
            let _entered = granted.enter();
            chaos::blocking(Some(Policy::Timeout), self.name(), &self.0.clock)?;
            f()
        };
        if let Some(elapsed) = granted.overrun(self.0.terms.get().reading) {
            match &mut outcome {
                Ok(_) => late::record(&self.0, granted.time, elapsed),
                Err(error) => late::annotate(app_mut(error), granted.time, elapsed),
            }
        }
        self.note_call(granted.elapsed());
        Ok(outcome)
    }

    /// Counts how long a call took, if it is timed.
    #[inline]
    pub(super) fn note_call(&self, elapsed: Option<u64>) {
        if let Some(nanos) = elapsed {
            self.0.durations.record(nanos);
        }
    }

    /// As [`call_async`](Self::call_async), with the rejection apart.
    ///
    /// # Errors
    ///
    /// The limit is over.
    #[cfg(feature = "async")]
    #[doc(hidden)]
    #[inline]
    pub fn run_async<F: Future>(&self, future: F) -> Timed<&Self, F> {
        Timed::new(self, future)
    }

    #[cfg(feature = "async")]
    #[inline]
    pub(super) fn inject(&self) -> Result<Ahead, Rejection> {
        chaos::begin(Some(Policy::Timeout), self.name(), &self.0.clock)
    }

    /// Returns what is granted to a call that begins now.
    #[inline]
    pub(super) fn granted(&self) -> Result<Granted, Rejection> {
        let TimeoutTerms {
            limit,
            reading,
            is_timed,
        } = *self.0.terms.get();
        let mut granted = Granted::now(limit, reading, self.0.clock.or_current());
        if granted.time.is_zero() {
            return Err(self.passed());
        }
        if is_timed {
            granted.begin_timing();
        }
        Ok(granted)
    }

    /// Limits a future that is the call, and that the result holds together with the timeout.
    #[cfg(feature = "tower")]
    pub(crate) fn limit_owned<F>(&self, call: F) -> Timed<Self, F> {
        Timed::new(self.clone(), call)
    }

    /// Returns the rejection of a call that was not started.
    #[cold]
    fn passed(&self) -> Rejection {
        let inner: Arc<TimeoutInner> = Arc::clone(&self.0);
        Rejection::before_start(ErrorCode::TIMEOUT_ERROR, inner)
    }

    #[cold]
    #[cfg(feature = "async")]
    pub(super) fn rejection(&self) -> Rejection {
        let inner: Arc<TimeoutInner> = Arc::clone(&self.0);
        Rejection::new(Policy::Timeout, ErrorCode::TIMEOUT_ERROR, inner, 0, None)
    }
}

impl Rejector for TimeoutInner {
    fn name(&self) -> &str {
        &self.name
    }

    fn cause(&self, _generation: u64) -> Option<String> {
        Some(format!("the limit is {:?}", self.terms.get().limit))
    }
}

impl fmt::Debug for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("name", &self.0.name)
            .field("limit", &self.limit())
            .finish()
    }
}

//! Handle of a fallback.

use super::{Recovered, Started};
#[cfg(feature = "async")]
use crate::outcome::in_parts;
use crate::{
    boundary::Operation,
    chaos,
    error::{AppError, ConfigError, View, carry_any},
    event::GuardName,
    name,
    time::SharedClock,
};
use std::{borrow::Cow, ops::ControlFlow, panic::Location, sync::Arc};

/// A place where a value stands in for a failed call.
///
/// Cheap to clone.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, error_monitor, fallback::Fallback};
///
/// let fallback = Fallback::new("recommendations")?;
/// let down = || Err::<Vec<u32>, _>(AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "no answer"));
/// let before = error_monitor().stats().total_errors;
/// assert!(fallback.call(down, |_| vec![])?.is_empty());
/// assert!(error_monitor().stats().total_errors > before, "recorded as a warning");
/// # Ok::<(), AppError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fallback {
    inner: Arc<FallbackInner>,
}

/// The contents of a [`Fallback`], which all its clones share.
#[derive(Debug)]
struct FallbackInner {
    name: GuardName<Cow<'static, str>>,
    place: &'static Location<'static>,
}

/// The longest name of a fallback, in bytes.
const LONGEST_NAME: usize = 128;

impl Fallback {
    /// Makes a fallback with a name, under which hidden errors are recorded: 1 to 128 bytes of
    /// printable characters.
    ///
    /// # Errors
    ///
    /// A name that is empty, too long or not printable.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fallback::Fallback;
    ///
    /// assert_eq!(Fallback::new("prices")?.name(), "prices");
    /// assert_eq!(Fallback::new("").unwrap_err().problems().next().unwrap().field, "name");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[track_caller]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, ConfigError> {
        let name = GuardName(name.into());
        match name::problem("name", &name, LONGEST_NAME) {
            Some(problem) => Err(problem),
            None => Ok(Self {
                inner: Arc::new(FallbackInner {
                    name,
                    place: Location::caller(),
                }),
            }),
        }
    }

    /// Returns the name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fallback::Fallback;
    ///
    /// assert_eq!(Fallback::new(format!("shard-{}", 7))?.name(), "shard-7");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Runs a function, and where it fails what stands in for it, with its error.
    ///
    /// The fallback returns a value or a `Result`. The error that a value hides is recorded as a
    /// warning, unless something inside recorded it. Where the fallback fails, its error is
    /// returned, with the first one as its source if both are [`AppError`]s.
    ///
    /// # Errors
    ///
    /// Those of the fallback.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, fallback::Fallback};
    ///
    /// let fallback = Fallback::new("prices")?;
    /// let fail = |text| move || Err::<u32, _>(AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, text));
    /// assert_eq!(fallback.call(fail("no answer"), |_| 12)?, 12);
    /// let err = fallback.call(fail("no answer"), |_| fail("nothing cached")()).unwrap_err();
    /// assert_eq!(format!("{err:#}"), "nothing cached: no answer");
    /// # Ok::<(), AppError>(())
    /// ```
    #[inline]
    pub fn call<T, E: 'static, O: Recovered<T, E>>(
        &self,
        f: impl FnOnce() -> Result<T, E>,
        fallback: impl FnOnce(&E) -> O,
    ) -> Result<T, E> {
        self.call_on(|_| true, f, fallback)
    }

    /// As [`call`](Self::call), for the errors that a predicate selects; the others are returned
    /// as they are.
    ///
    /// # Errors
    ///
    /// Those of the function that the predicate does not select, and those of the fallback.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, fallback::Fallback};
    ///
    /// let fallback = Fallback::new("prices")?;
    /// let fail = |code| move || Err::<u32, _>(AppError::new(code, "failed"));
    /// let is_down = |err: &AppError| err.is(ErrorCode::EXTERNAL_SERVICE_ERROR);
    /// assert_eq!(fallback.call_on(is_down, fail(ErrorCode::EXTERNAL_SERVICE_ERROR), |_| 12)?, 12);
    /// let err = fallback.call_on(is_down, fail(ErrorCode::PERMISSION_ERROR), |_| 12).unwrap_err();
    /// assert!(err.is(ErrorCode::PERMISSION_ERROR));
    /// # Ok::<(), AppError>(())
    /// ```
    #[inline]
    pub fn call_on<T, E: 'static, O: Recovered<T, E>>(
        &self,
        on: impl FnOnce(&E) -> bool,
        f: impl FnOnce() -> Result<T, E>,
        fallback: impl FnOnce(&E) -> O,
    ) -> Result<T, E> {
        let mut started = Started::new();
        let outcome = chaos::blocking_as(None, self.name(), &SharedClock::default(), carry_any);
        let outcome = match outcome {
            Ok(()) => f(),
            Err(injected) => Err(injected),
        };
        match started.end(outcome, on) {
            ControlFlow::Break(outcome) => outcome,
            ControlFlow::Continue(failed) => {
                let recovered = fallback(failed.error()).outcome();
                self.recovered(failed, recovered)
            }
        }
    }

    /// Awaits a future, and where it fails what stands in for it.
    ///
    /// # Errors
    ///
    /// Those of the fallback.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the one inside, or the fallback's; nothing is recorded.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, fallback::Fallback};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let fallback = Fallback::new("prices")?;
    /// let price = fallback
    ///     .call_async(
    ///         || async { Err::<u32, _>(AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "no answer")) },
    ///         async |_| 12,
    ///     )
    ///     .await?;
    /// assert_eq!(price, 12);
    /// # Ok::<(), AppError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    pub async fn call_async<T, E: 'static, F, O: Recovered<T, E>>(
        &self,
        f: impl FnOnce() -> F,
        fallback: impl AsyncFnOnce(&E) -> O,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        in_parts(self.call_on_async(|_| true, f, fallback).await)
    }

    /// As [`call_async`](Self::call_async), for the errors that a predicate selects.
    ///
    /// # Errors
    ///
    /// Those of the future that the predicate does not select, and those of the fallback.
    ///
    /// # Cancel safety
    ///
    /// As [`call_async`](Self::call_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, fallback::Fallback};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let fallback = Fallback::new("prices")?;
    /// let refused = || async { Err::<u32, _>(AppError::new(ErrorCode::PERMISSION_ERROR, "no access")) };
    /// let is_down = |err: &AppError| err.is(ErrorCode::EXTERNAL_SERVICE_ERROR);
    /// assert!(fallback.call_on_async(is_down, refused, async |_| 12).await.is_err());
    /// # Ok::<(), AppError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    pub async fn call_on_async<T, E: 'static, F, O: Recovered<T, E>>(
        &self,
        on: impl FnOnce(&E) -> bool,
        f: impl FnOnce() -> F,
        fallback: impl AsyncFnOnce(&E) -> O,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let mut started = Started::new();
        let faulty = chaos::faulty(
            None,
            self.name(),
            &SharedClock::default(),
            carry_any::<E>,
            f,
        );
        let outcome = started.suspend(faulty).await;
        match started.end(in_parts(outcome), on) {
            ControlFlow::Break(outcome) => in_parts(outcome),
            ControlFlow::Continue(failed) => {
                let recovered = fallback(failed.error()).await.outcome();
                self.recovered(failed, recovered)
            }
        }
    }

    #[cold]
    fn recovered<T, E: 'static>(
        &self,
        failed: super::Failed<'_, E>,
        recovered: Result<T, E>,
    ) -> Result<T, E> {
        let place = self.inner.place;
        let operation = Operation::new(self.name(), place.file(), place.file(), place.line());
        failed.end(
            recovered,
            |error| View::from_any(error),
            AppError::of_mut,
            &operation,
        )
    }
}

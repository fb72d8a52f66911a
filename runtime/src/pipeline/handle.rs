//! Handle of a pipeline.

use super::builder::PipelineBuilder;
#[cfg(feature = "async")]
use crate::retry::settle;
use crate::{
    breaker::CircuitBreaker, bulkhead::Bulkhead, error::CarriesRejection, event::GuardName,
    rate_limit::RateLimiter, retry::Retry, timeout::Timeout,
};
use std::{fmt, sync::Arc};

/// Several policies around one call.
///
/// Cheap to clone. Policies may be shared: those of two pipelines can be the same breaker. A
/// pipeline without policies calls the function. Nothing is allocated on success, and no future is
/// boxed.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, breaker::CircuitBreaker, pipeline::Pipeline};
///
/// let breaker = CircuitBreaker::builder("payments").build()?;
/// let pipeline = Pipeline::builder("payments").circuit_breaker(&breaker).build()?;
/// assert_eq!(pipeline.call(|| Ok::<_, AppError>("paid"))?, "paid");
/// breaker.force_open();
/// let err = pipeline.call(|| Ok::<_, AppError>("paid")).unwrap_err();
/// assert!(err.is(ErrorCode::CIRCUIT_OPEN_ERROR));
/// # Ok::<(), AppError>(())
/// ```
#[derive(Clone)]
pub struct Pipeline {
    name: Arc<GuardName<String>>,
    policies: Option<Arc<Policies>>,
}

/// The policies of a pipeline, from outside to inside.
#[derive(Debug, Default)]
pub(super) struct Policies {
    pub(super) timeout: Option<Timeout>,
    pub(super) retry: Option<Retry>,
    pub(super) circuit_breaker: Option<CircuitBreaker>,
    pub(super) rate_limit: Option<RateLimiter>,
    pub(super) bulkhead: Option<Bulkhead>,
    pub(super) attempt_timeout: Option<Timeout>,
}

impl Policies {
    fn is_empty(&self) -> bool {
        let Self {
            timeout,
            retry,
            circuit_breaker,
            rate_limit,
            bulkhead,
            attempt_timeout,
        } = self;
        timeout.is_none()
            && retry.is_none()
            && circuit_breaker.is_none()
            && rate_limit.is_none()
            && bulkhead.is_none()
            && attempt_timeout.is_none()
    }
}

impl Pipeline {
    /// Returns a builder of a pipeline with this name: 1 to 128 bytes of printable characters. The
    /// policies that are built of plain values have it too.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::pipeline::Pipeline;
    ///
    /// let pipeline = Pipeline::builder("payments").build()?;
    /// assert_eq!(pipeline.call(|| Ok::<_, std::io::Error>(5)).unwrap(), 5);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn builder(name: impl Into<String>) -> PipelineBuilder {
        PipelineBuilder::new(name.into())
    }

    pub(super) fn new(name: GuardName<String>, policies: Arc<Policies>) -> Self {
        Self {
            name: Arc::new(name),
            policies: (!policies.is_empty()).then_some(policies),
        }
    }

    /// Returns the name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::pipeline::Pipeline;
    ///
    /// assert_eq!(Pipeline::builder("payments").build()?.name(), "payments");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Calls a function through the policies; a retry may call it several times.
    ///
    /// # Errors
    ///
    /// Those of the function, unchanged but for the details that policies add to an
    /// [`AppError`](crate::AppError), and the [`Rejection`](crate::Rejection) of a policy.
    ///
    /// # Panics
    ///
    /// Those of the function.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{pipeline::Pipeline, retry::Retry};
    /// use std::time::Duration;
    ///
    /// let retry = Retry::builder().initial_delay(Duration::ZERO);
    /// let pipeline = Pipeline::builder("lookup").retry(retry).build()?;
    /// let mut answers = [Err(std::io::Error::other("busy")), Ok(7)].into_iter();
    /// assert_eq!(pipeline.call(|| answers.next().unwrap()).unwrap(), 7);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    pub fn call<T, E>(&self, mut f: impl FnMut() -> Result<T, E>) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
    {
        match &self.policies {
            None => f(),
            Some(policies) => policies.whole(f),
        }
    }

    /// Awaits futures through the policies; a retry may make several.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Panics
    ///
    /// Those of the futures; one that waits outside a tokio runtime with time enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the attempt that runs, which gives its permits and slots back, or
    /// ends the wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, pipeline::Pipeline, retry::Retry};
    /// use std::{future::pending, time::Duration};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let pipeline = Pipeline::builder("lookup")
    ///     .retry(Retry::builder().max_retries(1))
    ///     .attempt_timeout(Duration::from_millis(200))
    ///     .build()?;
    /// assert_eq!(pipeline.call_async(|| async { Ok::<_, AppError>(7) }).await?, 7);
    /// let err = pipeline.call_async(pending::<Result<u32, AppError>>).await.unwrap_err();
    /// assert!(err.is(ErrorCode::TIMEOUT_ERROR));
    /// # Ok::<(), AppError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    pub async fn call_async<T, E, F>(&self, mut f: impl FnMut() -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        match &self.policies {
            None => f().await,
            Some(policies) => policies.whole_async(f).await,
        }
    }
}

/// The blocking form.
impl Policies {
    #[inline]
    fn whole<T, E>(&self, f: impl FnMut() -> Result<T, E>) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
    {
        match &self.timeout {
            None => self.attempts(f),
            Some(timeout) => timeout.call(|| self.attempts(f)),
        }
    }

    #[inline]
    fn attempts<T, E>(&self, mut f: impl FnMut() -> Result<T, E>) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
    {
        match &self.retry {
            None => self.attempt(f),
            Some(retry) => retry.call(|| self.attempt(&mut f)),
        }
    }

    #[inline]
    fn attempt<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
    {
        match &self.circuit_breaker {
            None => self.paced(f),
            Some(breaker) => breaker.call(|| self.paced(f)),
        }
    }

    #[inline]
    fn paced<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
    {
        match &self.rate_limit {
            None => self.bounded(f),
            Some(limiter) => limiter.call(|| self.bounded(f)),
        }
    }

    #[inline]
    fn bounded<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
    {
        match &self.bulkhead {
            None => self.limited(f),
            Some(bulkhead) => bulkhead.call(|| self.limited(f)),
        }
    }

    #[inline]
    fn limited<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
    {
        match &self.attempt_timeout {
            None => f(),
            Some(timeout) => timeout.call(f),
        }
    }
}

/// The async form. No operation is made before the policies around it have admitted it.
#[cfg(feature = "async")]
impl Policies {
    async fn whole_async<T, E, F>(&self, f: impl FnMut() -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        match &self.timeout {
            None => self.attempts_async(f).await,
            Some(timeout) => timeout.call_async(|| self.attempts_async(f)).await,
        }
    }

    async fn attempts_async<T, E, F>(&self, mut f: impl FnMut() -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        let Some(retry) = &self.retry else {
            return self.attempt_async(f).await;
        };
        // A loop in place: the future of an attempt borrows the function.
        let mut run = retry.start();
        loop {
            let outcome = run.watch(self.attempt_async(&mut f)).await;
            match settle(&mut run, outcome) {
                std::ops::ControlFlow::Break(outcome) => return outcome,
                std::ops::ControlFlow::Continue(delay) => run.wait_async(delay).await,
            }
        }
    }

    async fn attempt_async<T, E, F>(&self, f: impl FnOnce() -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        match &self.circuit_breaker {
            None => self.paced_async(f).await,
            Some(breaker) => breaker.call_async(|| self.paced_async(f)).await,
        }
    }

    async fn paced_async<T, E, F>(&self, f: impl FnOnce() -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        match &self.rate_limit {
            None => self.bounded_async(f).await,
            Some(limiter) => limiter.call_async(|| self.bounded_async(f)).await,
        }
    }

    async fn bounded_async<T, E, F>(&self, f: impl FnOnce() -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        match &self.bulkhead {
            None => self.limited_async(f).await,
            Some(bulkhead) => bulkhead.call_async(|| self.limited_async(f)).await,
        }
    }

    async fn limited_async<T, E, F>(&self, f: impl FnOnce() -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        match &self.attempt_timeout {
            None => f().await,
            Some(timeout) => timeout.call_async(f).await,
        }
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("name", &*self.name)
            .field("policies", &self.policies)
            .finish()
    }
}

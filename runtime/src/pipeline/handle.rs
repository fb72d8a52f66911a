//! Handle of a pipeline.

use super::{builder::PipelineBuilder, span::PipelineSpan};
use crate::{
    breaker::CircuitBreaker,
    bulkhead::Bulkhead,
    error::{CarriesRejection, Rejection},
    event::GuardName,
    outcome::in_parts,
    rate_limit::RateLimiter,
    retry::Retry,
    span::{self, AnyError, Begin},
    timeout::Timeout,
};
#[cfg(feature = "async")]
use crate::{hedge::Hedge, retry::settle, span::Traced};
#[cfg(feature = "async")]
use std::ops::ControlFlow;
use std::{fmt, marker::PhantomData, sync::Arc};

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
pub struct Pipeline<H = Unhedged> {
    name: Arc<GuardName<String>>,
    plan: Plan,
    hedging: PhantomData<H>,
}

/// A [`Pipeline`] without a hedge: attempts follow each other.
#[derive(Clone, Copy, Debug)]
pub enum Unhedged {}

/// A [`Pipeline`] with a hedge: attempts run beside each other, and it has an async form only.
#[cfg(feature = "async")]
#[derive(Clone, Copy, Debug)]
pub enum Hedged {}

/// The policies of a pipeline, from outside to inside.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    pub(crate) timeout: Option<Timeout>,
    pub(crate) retry: Option<Retry>,
    #[cfg(feature = "async")]
    pub(crate) hedge: Option<Hedge>,
    pub(crate) circuit_breaker: Option<CircuitBreaker>,
    pub(crate) rate_limit: Option<RateLimiter>,
    pub(crate) bulkhead: Option<Bulkhead>,
    pub(crate) attempt_timeout: Option<Timeout>,
}

impl Policies {
    #[cfg(feature = "async")]
    pub(super) fn has_hedge(&self) -> bool {
        self.hedge.is_some()
    }

    #[cfg(not(feature = "async"))]
    #[expect(clippy::unused_self, reason = "only async calls are hedged")]
    pub(super) fn has_hedge(&self) -> bool {
        false
    }

    fn is_empty(&self) -> bool {
        !self.has_hedge()
            && self.timeout.is_none()
            && self.retry.is_none()
            && self.circuit_breaker.is_none()
            && self.rate_limit.is_none()
            && self.bulkhead.is_none()
            && self.attempt_timeout.is_none()
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
        match &self.plan {
            Plan::Bare => in_parts(f()),
            Plan::Guarded(policies) => in_parts(policies.whole(f)),
            Plan::Traced(traced) => in_parts(traced.call(f)),
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
        match &self.plan {
            Plan::Bare => in_parts(f().await),
            Plan::Guarded(policies) => in_parts(policies.whole_async(OneByOne(f)).await),
            // Boxed, so that the future of a pipeline without a span has no room for one.
            Plan::Traced(traced) => in_parts(Box::pin(traced.call_async(OneByOne(f))).await),
        }
    }
}

#[cfg(feature = "async")]
impl Pipeline<Hedged> {
    /// Awaits futures through the policies; a retry makes several in turn, and the hedge several at
    /// once: the first success wins, and the others are dropped.
    ///
    /// # Errors
    ///
    /// As [`Pipeline::call_async`](Pipeline::<Unhedged>::call_async); of attempts that all fail, that
    /// of the first one.
    ///
    /// # Panics
    ///
    /// Those of the futures; outside a tokio runtime with time enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops all attempts that run.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, hedge::Hedge, pipeline::Pipeline};
    /// use std::{cell::Cell, future::pending, time::Duration};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let hedge = Hedge::builder("lookup").after(Duration::from_millis(50));
    /// let pipeline = Pipeline::builder("lookup").hedge(hedge).timeout(Duration::from_secs(2)).build()?;
    /// let calls = Cell::new(0);
    /// let second_is_quick = || async {
    ///     calls.set(calls.get() + 1);
    ///     if calls.get() == 1 {
    ///         pending::<()>().await;
    ///     }
    ///     Ok::<_, AppError>(calls.get())
    /// };
    /// assert_eq!(pipeline.call_async(second_is_quick).await?, 2);
    /// # Ok::<(), AppError>(())
    /// # }).unwrap();
    /// ```
    pub async fn call_async<T, E, F>(&self, f: impl Fn() -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        match &self.plan {
            Plan::Bare => in_parts(f().await),
            Plan::Guarded(policies) => in_parts(policies.whole_async(SideBySide(f)).await),
            // Boxed, so that the future of a pipeline without a span has no room for one.
            Plan::Traced(traced) => in_parts(Box::pin(traced.call_async(SideBySide(f))).await),
        }
    }
}

impl<H> Pipeline<H> {
    pub(super) fn new(name: GuardName<String>, policies: Policies, has_span: bool) -> Self {
        let plan = if has_span {
            Plan::Traced(Arc::new(TracedPolicies {
                span: Arc::new(PipelineSpan::new(&name, &policies)),
                policies: Arc::new(policies),
            }))
        } else if policies.is_empty() {
            Plan::Bare
        } else {
            Plan::Guarded(Arc::new(policies))
        };
        Self {
            hedging: PhantomData,
            name: Arc::new(name),
            plan,
        }
    }

    /// Returns the policies and the span, for layers.
    #[cfg(feature = "tower")]
    pub(crate) fn into_parts(self) -> (Arc<Policies>, Option<Arc<PipelineSpan>>) {
        match self.plan {
            Plan::Bare => (Arc::default(), None),
            Plan::Guarded(policies) => (policies, None),
            Plan::Traced(traced) => (Arc::clone(&traced.policies), Some(Arc::clone(&traced.span))),
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
}

/// What a call goes through.
#[derive(Clone)]
enum Plan {
    /// The function alone.
    Bare,
    Guarded(Arc<Policies>),
    /// The policies, in a span.
    Traced(Arc<TracedPolicies>),
}

impl Plan {
    fn policies(&self) -> Option<&Policies> {
        match self {
            Self::Bare => None,
            Self::Guarded(policies) => Some(policies),
            Self::Traced(traced) => Some(&traced.policies),
        }
    }
}

struct TracedPolicies {
    policies: Arc<Policies>,
    span: Arc<PipelineSpan>,
}

impl TracedPolicies {
    #[inline(never)]
    fn call<T, E>(&self, f: impl FnMut() -> Result<T, E>) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
    {
        match (&*self.span).begin() {
            None => self.policies.whole(f),
            Some(active) => span::run(active, &AnyError, || self.policies.whole(f)),
        }
    }

    #[cfg(feature = "async")]
    async fn call_async<T, E>(&self, attempts: impl Attempts<T, E>) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
    {
        Traced::new(self.policies.whole_async(attempts), &*self.span, AnyError).await
    }
}

/// The blocking form.
impl Policies {
    /// Out of line: a call through a pipeline without policies is not to make room for all of them.
    #[inline(never)]
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
            Some(retry) => retry.call_as(carry, |_| self.attempt(&mut f)),
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

/// The attempts of an async call.
#[cfg(feature = "async")]
trait Attempts<T, E> {
    /// Makes the next attempt, which runs through the policies further in.
    fn next(&mut self, policies: &Policies) -> impl Future<Output = Result<T, E>>;
}

/// Attempts that follow each other.
#[cfg(feature = "async")]
struct OneByOne<M>(M);

#[cfg(feature = "async")]
impl<T, E, F, M> Attempts<T, E> for OneByOne<M>
where
    E: CarriesRejection + 'static,
    F: Future<Output = Result<T, E>>,
    M: FnMut() -> F,
{
    fn next(&mut self, policies: &Policies) -> impl Future<Output = Result<T, E>> {
        policies.attempt_async(&mut self.0)
    }
}

/// Attempts of which each may have others beside it.
#[cfg(feature = "async")]
struct SideBySide<M>(M);

#[cfg(feature = "async")]
impl<T, E, F, M> Attempts<T, E> for SideBySide<M>
where
    E: CarriesRejection + 'static,
    F: Future<Output = Result<T, E>>,
    M: Fn() -> F,
{
    async fn next(&mut self, policies: &Policies) -> Result<T, E> {
        let make = &self.0;
        let attempt = || policies.attempt_async(make);
        match &policies.hedge {
            None => in_parts(attempt().await),
            Some(hedge) => in_parts(hedge.call_async(attempt).await),
        }
    }
}

/// The async form. No operation is made before the policies around it have admitted it.
#[cfg(feature = "async")]
impl Policies {
    async fn whole_async<T, E>(&self, attempts: impl Attempts<T, E>) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
    {
        match &self.timeout {
            None => in_parts(self.attempts_async(attempts).await),
            Some(timeout) => in_parts(timeout.call_async(|| self.attempts_async(attempts)).await),
        }
    }

    async fn attempts_async<T, E>(&self, mut attempts: impl Attempts<T, E>) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
    {
        let Some(retry) = &self.retry else {
            return in_parts(attempts.next(self).await);
        };
        // A loop in place: the future of an attempt borrows the function.
        let mut run = retry.start();
        loop {
            let outcome = run.watch_as(carry::<E>, || attempts.next(self)).await;
            match settle(&mut run, outcome) {
                ControlFlow::Break(outcome) => return outcome,
                ControlFlow::Continue(delay) => run.wait_async(delay).await,
            }
        }
    }

    async fn attempt_async<T, E, F>(&self, f: impl FnOnce() -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        match &self.circuit_breaker {
            None => in_parts(self.paced_async(f).await),
            Some(breaker) => in_parts(breaker.call_async(|| self.paced_async(f)).await),
        }
    }

    async fn paced_async<T, E, F>(&self, f: impl FnOnce() -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        match &self.rate_limit {
            None => in_parts(self.bounded_async(f).await),
            Some(limiter) => in_parts(limiter.call_async(|| self.bounded_async(f)).await),
        }
    }

    async fn bounded_async<T, E, F>(&self, f: impl FnOnce() -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        match &self.bulkhead {
            None => in_parts(self.limited_async(f).await),
            Some(bulkhead) => in_parts(bulkhead.call_async(|| self.limited_async(f)).await),
        }
    }

    async fn limited_async<T, E, F>(&self, f: impl FnOnce() -> F) -> Result<T, E>
    where
        E: CarriesRejection + 'static,
        F: Future<Output = Result<T, E>>,
    {
        match &self.attempt_timeout {
            None => in_parts(f().await),
            Some(timeout) => in_parts(timeout.call_async(f).await),
        }
    }
}

/// Makes an error of one that chaos injects.
fn carry<E: From<Rejection>>(injected: Rejection) -> Result<E, Rejection> {
    Ok(E::from(injected))
}

impl<H> Clone for Pipeline<H> {
    fn clone(&self) -> Self {
        Self {
            name: Arc::clone(&self.name),
            plan: self.plan.clone(),
            hedging: PhantomData,
        }
    }
}

impl<H> fmt::Debug for Pipeline<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("name", &*self.name)
            .field("policies", &self.plan.policies())
            .field("span", &matches!(self.plan, Plan::Traced(_)))
            .finish()
    }
}

//! Builder of pipelines.

#[cfg(feature = "async")]
use super::handle::Hedged;
use super::{
    IntoPolicy,
    handle::{Pipeline, Policies, Unhedged},
};
#[cfg(feature = "async")]
use crate::hedge::Hedge;
use crate::{
    breaker::CircuitBreaker, bulkhead::Bulkhead, error::ConfigError, event::GuardName, name,
    rate_limit::RateLimiter, retry::Retry, timeout::Timeout,
};
use std::marker::PhantomData;

/// Builder of a [`Pipeline`]. The order in which policies are set plays no part.
///
/// # Defaults
///
/// No policy: the pipeline then calls the function.
///
/// # Examples
///
/// ```
/// use gardefou::{pipeline::Pipeline, retry::Retry};
/// use std::time::Duration;
///
/// let pipeline = Pipeline::builder("payments")
///     .retry(Retry::builder().max_retries(2))
///     .attempt_timeout(Duration::from_millis(500))
///     .timeout(Duration::from_secs(2))
///     .build()?;
/// assert_eq!(pipeline.name(), "payments");
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct PipelineBuilder<H = Unhedged> {
    name: GuardName<String>,
    policies: Policies,
    problems: Vec<ConfigError>,
    has_span: bool,
    hedging: PhantomData<H>,
}

/// The longest name of a pipeline, in bytes.
const LONGEST_NAME: usize = 128;

impl PipelineBuilder {
    pub(super) fn new(name: String) -> Self {
        Self {
            name: GuardName(name),
            policies: Policies::default(),
            problems: Vec::new(),
            has_span: false,
            hedging: PhantomData,
        }
    }
}

impl<H> PipelineBuilder<H> {
    /// Starts further attempts beside a slow one. The function must be idempotent; the pipeline has
    /// an async form only.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, hedge::Hedge, pipeline::Pipeline};
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let hedge = Hedge::builder("lookup").after(Duration::from_millis(50));
    /// let pipeline = Pipeline::builder("lookup").hedge(hedge).build()?;
    /// assert_eq!(pipeline.call_async(|| async { Ok::<_, AppError>(7) }).await?, 7);
    /// # Ok::<(), AppError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "async")]
    pub fn hedge(mut self, hedge: impl IntoPolicy<Hedge>) -> PipelineBuilder<Hedged> {
        self.policies.hedge = self.take(hedge);
        PipelineBuilder {
            name: self.name,
            policies: self.policies,
            problems: self.problems,
            has_span: self.has_span,
            hedging: PhantomData,
        }
    }

    /// Limits the time of the whole call, with all its attempts and waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, call, pipeline::Pipeline};
    /// use std::time::Duration;
    ///
    /// let pipeline = Pipeline::builder("payments").timeout(Duration::from_secs(2)).build()?;
    /// let left = pipeline.call(|| Ok::<_, AppError>(call::remaining()))?;
    /// assert!(left.unwrap() <= Duration::from_secs(2));
    /// # Ok::<(), AppError>(())
    /// ```
    pub fn timeout(mut self, timeout: impl IntoPolicy<Timeout>) -> Self {
        self.policies.timeout = self.take(timeout);
        self
    }

    /// Calls again after a failure.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, pipeline::Pipeline, retry::Retry};
    /// use std::time::Duration;
    ///
    /// let retry = Retry::builder().max_retries(2).initial_delay(Duration::ZERO);
    /// let pipeline = Pipeline::builder("payments").retry(retry).build()?;
    /// let mut calls = 0;
    /// let outcome = pipeline.call(|| {
    ///     calls += 1;
    ///     Err::<(), _>(std::io::Error::other("connection reset"))
    /// });
    /// assert!(outcome.is_err());
    /// assert_eq!(calls, 3);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn retry(mut self, retry: impl IntoPolicy<Retry>) -> Self {
        self.policies.retry = self.take(retry);
        self
    }

    /// Rejects calls while too many fail; each attempt is counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::{CircuitBreaker, CircuitState}, pipeline::Pipeline};
    ///
    /// let breaker = CircuitBreaker::builder("payments").failure_threshold(1).build()?;
    /// let pipeline = Pipeline::builder("payments").circuit_breaker(&breaker).build()?;
    /// assert!(pipeline.call(|| Err::<(), _>(std::io::Error::other("connection reset"))).is_err());
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn circuit_breaker(mut self, breaker: impl IntoPolicy<CircuitBreaker>) -> Self {
        self.policies.circuit_breaker = self.take(breaker);
        self
    }

    /// Limits how often attempts are made.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, pipeline::Pipeline, rate_limit::{Rate, RateLimiter}};
    /// use std::time::Duration;
    ///
    /// let hourly = RateLimiter::builder("payments").rate(Rate::new(1, Duration::from_secs(3600)));
    /// let pipeline = Pipeline::builder("payments").rate_limit(hourly).build()?;
    /// assert_eq!(pipeline.call(|| Ok::<_, AppError>("paid"))?, "paid");
    /// let err = pipeline.call(|| Ok::<_, AppError>("paid")).unwrap_err();
    /// assert!(err.is(ErrorCode::RATE_LIMIT_ERROR));
    /// # Ok::<(), AppError>(())
    /// ```
    pub fn rate_limit(mut self, limiter: impl IntoPolicy<RateLimiter>) -> Self {
        self.policies.rate_limit = self.take(limiter);
        self
    }

    /// Limits how many attempts run at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, bulkhead::Bulkhead, pipeline::Pipeline};
    ///
    /// let one = Bulkhead::builder("payments").max_concurrent(1);
    /// let pipeline = Pipeline::builder("payments").bulkhead(one).build()?;
    /// let outcome = pipeline.call(|| pipeline.call(|| Ok::<_, AppError>("within the first")));
    /// assert!(outcome.unwrap_err().is(ErrorCode::CONCURRENCY_LIMIT_ERROR));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn bulkhead(mut self, bulkhead: impl IntoPolicy<Bulkhead>) -> Self {
        self.policies.bulkhead = self.take(bulkhead);
        self
    }

    /// Limits the time of each attempt.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, call, pipeline::Pipeline};
    /// use std::time::Duration;
    ///
    /// let pipeline = Pipeline::builder("payments")
    ///     .timeout(Duration::from_secs(2))
    ///     .attempt_timeout(Duration::from_millis(500))
    ///     .build()?;
    /// let left = pipeline.call(|| Ok::<_, AppError>(call::remaining()))?;
    /// assert!(left.unwrap() <= Duration::from_millis(500));
    /// # Ok::<(), AppError>(())
    /// ```
    pub fn attempt_timeout(mut self, timeout: impl IntoPolicy<Timeout>) -> Self {
        self.policies.attempt_timeout = self.take(timeout);
        self
    }

    /// Takes a policy, or keeps the problems of its builder.
    fn take<P>(&mut self, policy: impl IntoPolicy<P>) -> Option<P> {
        match policy.into_policy(&self.name) {
            Ok(policy) => Some(policy),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// Sets whether each call has a span of `tracing`, with its attempts as events; not set by
    /// default. [Monitoring](crate::guide::monitoring) has its fields.
    ///
    /// A span is made for each call, so that its cost depends on the subscriber. The future of an
    /// async call with a span is boxed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{pipeline::Pipeline, retry::Retry};
    ///
    /// let pipeline = Pipeline::builder("prices").retry(Retry::builder()).span(true).build()?;
    /// let seen = pipeline.call(|| {
    ///     let span = tracing::Span::current();
    ///     Ok::<_, std::io::Error>(span.metadata().map(|metadata| metadata.name()))
    /// });
    /// assert_eq!(seen.unwrap(), None, "no subscriber wants it");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn span(mut self, span: bool) -> Self {
        self.has_span = span;
        self
    }

    /// Makes the pipeline.
    ///
    /// # Errors
    ///
    /// A name that is empty, longer than 128 bytes or not printable, and all problems of the
    /// builders that were passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, pipeline::Pipeline};
    /// use std::time::Duration;
    ///
    /// let err = Pipeline::builder("")
    ///     .timeout(Duration::from_secs(2))
    ///     .circuit_breaker(CircuitBreaker::builder("payments").failure_threshold(0))
    ///     .build()
    ///     .unwrap_err();
    /// let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    /// assert_eq!(fields, ["name", "name", "failure_threshold"], "the pipeline's, that of its timeout, ..");
    /// ```
    pub fn build(self) -> Result<Pipeline<H>, ConfigError> {
        let bad_name = name::problem("name", &self.name, LONGEST_NAME);
        if let Some(problem) = ConfigError::join(bad_name.into_iter().chain(self.problems)) {
            return Err(problem);
        }
        Ok(Pipeline::new(self.name, self.policies, self.has_span))
    }
}

//! Layer and service of a pipeline.

use super::{
    super::{
        call::{BoxError, take_ready},
        retry::{CloneRequest, ClonedRequests, RetryByError, RetryOutcome},
    },
    attempts::PolicyAttempts,
    future::PipelineFuture,
};
#[cfg(feature = "http-1")]
use crate::integrations::{http::StatusClassifier, tower::RetryByStatus};
use crate::{
    breaker::{Classifier, ErrorClassifier},
    pipeline::{Pipeline, PipelineSpan, Policies},
};
use std::{
    sync::Arc,
    task::{Context, Poll},
};
use tower_layer::Layer;
use tower_service::Service;

/// Layer of all policies of a [`Pipeline`], in its order.
///
/// It behaves as the layers of the policies would, from the timeout of the whole outside to that of
/// an attempt inside, with one difference: where these wait until the service is ready before a
/// further attempt is admitted, here a further attempt waits once the policies around it have admitted
/// it, within its slot and its time. The first attempt calls the service that was ready, and each
/// further one a clone of it. An error of `poll_ready` of such a clone is that of the attempt.
///
/// Each attempt gets a clone of the request; that of a retry and a hedge must be idempotent. A request
/// that is not `Clone` needs [`clone_request`](Self::clone_request), even where no attempt follows.
///
/// # Examples
///
/// ```
/// use gardefou::{breaker::CircuitBreaker, pipeline::Pipeline, retry::Retry};
/// use gardefou::{call, integrations::tower::{BoxError, PipelineLayer}};
/// use std::time::Duration;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let breaker = CircuitBreaker::builder("search").build()?;
/// let pipeline = Pipeline::builder("search")
///     .timeout(Duration::from_secs(10))
///     .retry(Retry::builder().max_retries(2))
///     .circuit_breaker(&breaker)
///     .attempt_timeout(Duration::from_secs(1))
///     .build()?;
/// let service = ServiceBuilder::new()
///     .layer(PipelineLayer::new(pipeline))
///     .service(service_fn(async |text: &'static str| match call::attempt().unwrap() {
///         attempt if attempt.is_last() => Ok::<_, BoxError>(text),
///         _ => Err("busy".into()),
///     }));
/// assert_eq!(service.oneshot("hello").await?, "hello");
/// assert_eq!(breaker.snapshot().counts.failure, 2);
/// # Ok::<(), BoxError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct PipelineLayer<O = RetryByError, C = ClonedRequests, K = ErrorClassifier> {
    policies: Arc<Policies>,
    span: Option<Arc<PipelineSpan>>,
    outcome: O,
    requests: C,
    classifier: K,
}

impl PipelineLayer {
    /// Makes the layer of a pipeline, with a hedge or without one.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{hedge::Hedge, pipeline::Pipeline, integrations::tower::{BoxError, PipelineLayer}};
    /// use std::{future::pending, sync::atomic::{AtomicUsize, Ordering}, time::Duration};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// static CALLS: AtomicUsize = AtomicUsize::new(0);
    /// let pipeline = Pipeline::builder("search")
    ///     .hedge(Hedge::builder("search").after(Duration::from_millis(50)))
    ///     .timeout(Duration::from_secs(2))
    ///     .build()?;
    /// let service = ServiceBuilder::new()
    ///     .layer(PipelineLayer::new(pipeline))
    ///     .service(service_fn(async |number: u32| match CALLS.fetch_add(1, Ordering::Relaxed) {
    ///         0 => pending::<Result<u32, BoxError>>().await,
    ///         _ => Ok(number),
    ///     }));
    /// assert_eq!(service.oneshot(7).await?, 7, "that of the second attempt");
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn new<H>(pipeline: Pipeline<H>) -> Self {
        let (policies, span) = pipeline.into_parts();
        Self {
            policies,
            span,
            outcome: RetryByError,
            requests: ClonedRequests,
            classifier: ErrorClassifier,
        }
    }
}

impl<O, C, K> PipelineLayer<O, C, K> {
    /// Decides by a [`RetryOutcome`] what the retry repeats, and what starts the next attempt of the
    /// hedge at once; see [`RetryLayer::outcome`](crate::integrations::tower::RetryLayer::outcome)
    /// and [`HedgeLayer::outcome`](crate::integrations::tower::HedgeLayer::outcome).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{call, pipeline::Pipeline, retry::Retry};
    /// use gardefou::integrations::tower::{BoxError, PipelineLayer, RetryIf};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let pending = RetryIf(|state: &Result<&'static str, BoxError>| matches!(state, Ok("pending")));
    /// let pipeline = Pipeline::builder("jobs").retry(Retry::builder()).build()?;
    /// let service = ServiceBuilder::new()
    ///     .layer(PipelineLayer::new(pipeline).outcome(pending))
    ///     .service(service_fn(async |_: u32| Ok::<_, BoxError>(match call::attempt().unwrap().index {
    ///         0 | 1 => "pending",
    ///         _ => "done",
    ///     })));
    /// assert_eq!(service.oneshot(7).await?, "done");
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn outcome<P>(self, outcome: P) -> PipelineLayer<P, C, K> {
        PipelineLayer {
            policies: self.policies,
            span: self.span,
            outcome,
            requests: self.requests,
            classifier: self.classifier,
        }
    }

    /// Sets the classifier of the circuit breaker; see
    /// [`CircuitBreakerLayer::classifier`](crate::integrations::tower::CircuitBreakerLayer::classifier).
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::{CircuitBreaker, CircuitState, FailurePredicate}, pipeline::Pipeline};
    /// use gardefou::integrations::tower::{BoxError, PipelineLayer};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let breaker = CircuitBreaker::builder("search").failure_threshold(1).build()?;
    /// let pipeline = Pipeline::builder("search").circuit_breaker(&breaker).build()?;
    /// let is_empty = |page: &Result<String, BoxError>| page.as_ref().is_ok_and(String::is_empty);
    /// let service = ServiceBuilder::new()
    ///     .layer(PipelineLayer::new(pipeline).classifier(FailurePredicate(is_empty)))
    ///     .service(service_fn(async |_: u32| Ok::<_, BoxError>(String::new())));
    /// service.oneshot(1).await?;
    /// assert_eq!(breaker.state(), CircuitState::Open);
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn classifier<D>(self, classifier: D) -> PipelineLayer<O, C, D> {
        PipelineLayer {
            policies: self.policies,
            span: self.span,
            outcome: self.outcome,
            requests: self.requests,
            classifier,
        }
    }

    /// Copies requests by a function, for those that are not `Clone`, or may not all be sent again;
    /// see [`CloneRequest`]. One that returns `None` is for those that are sent once.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{bulkhead::Bulkhead, pipeline::Pipeline};
    /// use gardefou::integrations::tower::{BoxError, PipelineLayer};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// struct Upload(Vec<u8>); // not `Clone`
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let pipeline = Pipeline::builder("uploads").bulkhead(Bulkhead::builder("uploads")).build()?;
    /// let service = ServiceBuilder::new()
    ///     .layer(PipelineLayer::new(pipeline).clone_request(|_: &Upload| None))
    ///     .service(service_fn(async |upload: Upload| Ok::<_, BoxError>(upload.0.len())));
    /// assert_eq!(service.oneshot(Upload(vec![0; 3])).await?, 3);
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn clone_request<D>(self, requests: D) -> PipelineLayer<O, D, K> {
        PipelineLayer {
            policies: self.policies,
            span: self.span,
            outcome: self.outcome,
            requests,
            classifier: self.classifier,
        }
    }

    /// Reads the status of responses: the circuit breaker by
    /// [`verdict_of_status`](crate::integrations::http::verdict_of_status), the retry and the hedge by
    /// [`is_retryable_status`](crate::integrations::http::is_retryable_status). The retry waits as
    /// long as `Retry-After` asks, and the hedge starts its next attempt at once.
    ///
    /// # Examples
    ///
    /// ```
    /// # use http_1 as http;
    /// use gardefou::{breaker::CircuitBreaker, call, pipeline::Pipeline, retry::Retry};
    /// use gardefou::integrations::tower::{BoxError, PipelineLayer};
    /// use http::Response;
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let breaker = CircuitBreaker::builder("stock").build()?;
    /// let pipeline = Pipeline::builder("stock").retry(Retry::builder()).circuit_breaker(&breaker).build()?;
    /// let service = ServiceBuilder::new()
    ///     .layer(PipelineLayer::new(pipeline).by_status())
    ///     .service(service_fn(async |_: u32| {
    ///         let status = if call::attempt().unwrap().index == 0 { 503 } else { 200 };
    ///         Response::builder().status(status).body("")
    ///     }));
    /// assert_eq!(service.oneshot(7).await?.status(), 200);
    /// assert_eq!((breaker.snapshot().counts.failure, breaker.snapshot().counts.success), (1, 1));
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "http-1")]
    pub fn by_status(self) -> PipelineLayer<RetryByStatus, C, StatusClassifier> {
        self.outcome(RetryByStatus).classifier(StatusClassifier)
    }
}

impl<S, O: Clone, C: Clone, K: Clone> Layer<S> for PipelineLayer<O, C, K> {
    type Service = PipelineService<S, O, C, K>;

    fn layer(&self, inner: S) -> Self::Service {
        PipelineService {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service under a pipeline; what a [`PipelineLayer`] makes.
#[derive(Clone, Debug)]
pub struct PipelineService<S, O = RetryByError, C = ClonedRequests, K = ErrorClassifier> {
    inner: S,
    layer: PipelineLayer<O, C, K>,
}

impl<S, R, O, C, K> Service<R> for PipelineService<S, O, C, K>
where
    S: Service<R> + Clone,
    S::Error: Into<BoxError>,
    O: RetryOutcome<S::Response> + Clone,
    C: CloneRequest<R> + Clone,
    K: Classifier<Result<S::Response, BoxError>> + Clone,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = PipelineFuture<S, R, O, C, K>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let ready = take_ready(&mut self.inner);
        let PipelineLayer {
            policies,
            span,
            outcome,
            requests,
            classifier,
        } = self.layer.clone();
        let attempts = PolicyAttempts::new(
            Arc::clone(&policies),
            ready,
            &self.inner,
            outcome.clone(),
            requests.clone(),
            classifier,
        );
        PipelineFuture::new(
            &policies,
            span.as_ref(),
            outcome,
            requests,
            attempts,
            request,
        )
    }
}

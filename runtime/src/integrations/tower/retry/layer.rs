//! Layer and service of a retry.

#[cfg(feature = "http-1")]
use super::RetryByStatus;
use super::{CloneRequest, ClonedRequests, RetryByError, RetryFuture, RetryIf, RetryOutcome};
use crate::{
    integrations::tower::call::{BoxError, take_ready},
    retry::Retry,
};
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Layer that calls a service again when it fails, as [`Retry`] does with functions.
///
/// Each attempt gets a clone of the request, waits until the inner service is ready, and runs in a
/// frame of its own: [`call::attempt`](crate::call::attempt) returns it. An error of `poll_ready`
/// while a further attempt waits is that of the attempt. By default an error is retried by its
/// class, and every response is final. `attempt_timeout` begins when the service is called.
///
/// It does not know whether a request may be sent twice: put it around services whose requests are
/// idempotent, or choose them with [`clone_request`](Self::clone_request).
///
/// # Examples
///
/// ```
/// use gardefou::{call, retry::Retry, integrations::tower::{BoxError, RetryLayer}};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let service = ServiceBuilder::new()
///     .layer(RetryLayer::new(Retry::builder().max_retries(2).build()?))
///     .service(service_fn(async |text: String| match call::attempt().unwrap() {
///         attempt if attempt.is_last() => Ok::<_, BoxError>(text),
///         _ => Err("busy".into()),
///     }));
/// assert_eq!(service.oneshot("hello".to_owned()).await?, "hello");
/// # Ok::<(), BoxError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct RetryLayer<O = RetryByError, C = ClonedRequests> {
    retry: Retry,
    outcome: O,
    requests: C,
}

impl RetryLayer {
    /// Makes the layer of a retry.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::Retry, integrations::tower::{BoxError, RetryLayer}};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let service = ServiceBuilder::new()
    ///     .layer(RetryLayer::new(Retry::builder().max_retries(0).build()?))
    ///     .service(service_fn(async |number: u32| Ok::<_, BoxError>(number * 2)));
    /// assert_eq!(service.oneshot(4).await?, 8);
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn new<A>(retry: Retry<A>) -> Self {
        Self {
            retry: retry.erased(),
            outcome: RetryByError,
            requests: ClonedRequests,
        }
    }
}

impl<O, C> RetryLayer<O, C> {
    /// Decides by a predicate on the whole outcome, in place of the class of errors: responses for
    /// which it returns `true` are retried too.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{call, retry::Retry, integrations::tower::{BoxError, RetryLayer}};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let service = ServiceBuilder::new()
    ///     .layer(RetryLayer::new(Retry::builder().build()?).retry_if_result(|state| matches!(state, Ok("pending"))))
    ///     .service(service_fn(async |_: u32| Ok::<_, BoxError>(match call::attempt().unwrap().index {
    ///         0 | 1 => "pending",
    ///         _ => "done",
    ///     })));
    /// assert_eq!(service.oneshot(7).await?, "done");
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn retry_if_result<T, F>(self, predicate: F) -> RetryLayer<RetryIf<F>, C>
    where
        F: Fn(&Result<T, BoxError>) -> bool,
    {
        self.outcome(RetryIf(predicate))
    }

    /// Decides by a [`RetryOutcome`] of your own.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{call, retry::Retry};
    /// use gardefou::integrations::tower::{BoxError, RetryDecision, RetryLayer, RetryOutcome};
    /// use std::time::Duration;
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// /// The seconds to wait before the next attempt; zero for done.
    /// #[derive(Clone)]
    /// struct Wait;
    ///
    /// impl RetryOutcome<u64> for Wait {
    ///     fn decide(&self, outcome: &Result<u64, BoxError>) -> RetryDecision {
    ///         match outcome {
    ///             Ok(0) | Err(_) => RetryDecision::Default,
    ///             Ok(seconds) => RetryDecision::Again(Some(Duration::from_secs(*seconds))),
    ///         }
    ///     }
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let start = tokio::time::Instant::now();
    /// let service = ServiceBuilder::new()
    ///     .layer(RetryLayer::new(Retry::builder().build()?).outcome(Wait))
    ///     .service(service_fn(async |_: u32| Ok::<u64, BoxError>(if call::attempt().unwrap().index == 0 { 7 } else { 0 })));
    /// assert_eq!(service.oneshot(7).await?, 0);
    /// assert!(start.elapsed() >= Duration::from_secs(7));
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn outcome<P>(self, outcome: P) -> RetryLayer<P, C> {
        RetryLayer {
            retry: self.retry,
            outcome,
            requests: self.requests,
        }
    }

    /// Retries responses by their status, after the wait in their `Retry-After`; see
    /// [`is_retryable_status`](crate::integrations::http::is_retryable_status). Errors are retried by
    /// their class.
    ///
    /// # Examples
    ///
    /// ```
    /// # use http_1 as http;
    /// use gardefou::{call, retry::Retry, integrations::tower::{BoxError, RetryLayer}};
    /// use http::Response;
    /// use std::time::Duration;
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let start = tokio::time::Instant::now();
    /// let service = ServiceBuilder::new()
    ///     .layer(RetryLayer::new(Retry::builder().build()?).by_status())
    ///     .service(service_fn(async |_: u32| {
    ///         let status = if call::attempt().unwrap().index == 0 { 503 } else { 200 };
    ///         Response::builder().status(status).header("retry-after", "20").body("")
    ///     }));
    /// assert_eq!(service.oneshot(7).await?.status(), 200);
    /// assert!(start.elapsed() >= Duration::from_secs(20));
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "http-1")]
    pub fn by_status(self) -> RetryLayer<RetryByStatus, C> {
        self.outcome(RetryByStatus)
    }

    /// Copies requests by a function, for those that are not `Clone`, or may not all be sent again;
    /// see [`CloneRequest`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{retry::Retry, integrations::tower::{BoxError, RetryLayer}};
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// static CALLS: AtomicUsize = AtomicUsize::new(0);
    /// let reads = |request: &&'static str| request.starts_with("GET").then_some(*request);
    /// let service = ServiceBuilder::new()
    ///     .layer(RetryLayer::new(Retry::builder().max_retries(2).build()?).clone_request(reads))
    ///     .service(service_fn(async |_: &'static str| {
    ///         CALLS.fetch_add(1, Ordering::Relaxed);
    ///         Err::<(), BoxError>("busy".into())
    ///     }));
    /// for (request, calls) in [("GET /orders", 3), ("POST /orders", 1)] {
    ///     CALLS.store(0, Ordering::Relaxed);
    ///     assert!(service.clone().oneshot(request).await.is_err());
    ///     assert_eq!(CALLS.load(Ordering::Relaxed), calls, "{request}");
    /// }
    /// # Ok::<(), gardefou::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn clone_request<D>(self, requests: D) -> RetryLayer<O, D> {
        RetryLayer {
            retry: self.retry,
            outcome: self.outcome,
            requests,
        }
    }
}

impl<S, O: Clone, C: Clone> Layer<S> for RetryLayer<O, C> {
    type Service = RetryService<S, O, C>;

    fn layer(&self, inner: S) -> Self::Service {
        RetryService {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service under a retry; what a [`RetryLayer`] makes.
#[derive(Clone, Debug)]
pub struct RetryService<S, O = RetryByError, C = ClonedRequests> {
    inner: S,
    layer: RetryLayer<O, C>,
}

impl<S, R, O, C> Service<R> for RetryService<S, O, C>
where
    S: Service<R> + Clone,
    S::Error: Into<BoxError>,
    O: RetryOutcome<S::Response> + Clone,
    C: CloneRequest<R> + Clone,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = RetryFuture<S, R, O, C>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let ready = take_ready(&mut self.inner);
        let RetryLayer {
            retry,
            outcome,
            requests,
        } = self.layer.clone();
        RetryFuture::new(retry, outcome, requests, ready, request)
    }
}

//! Layer of a hedge.

use super::{
    attempts::CallAttempts,
    call::{BoxError, Call, take_ready},
    hedged_call::HedgedCall,
    retry::{CloneRequest, ClonedRequests, RetryByError, RetryOutcome},
};
use crate::hedge::Hedge;
#[cfg(feature = "http-1")]
use crate::integrations::tower::RetryByStatus;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tower_layer::Layer;
use tower_service::Service;

/// Layer that calls a service again beside a call that takes long, as [`Hedge`] does with functions.
///
/// Each attempt gets a clone of the request. The first one calls the service that was ready; each
/// further one a clone of it, which is polled ready as part of the attempt, so that an error of
/// `poll_ready` is that of the attempt. The attempts that lose are dropped. By default every response
/// is a success, whatever its status: the first one wins. [`outcome`](Self::outcome) and
/// [`by_status`](Self::by_status) choose those that are failures.
///
/// Requests must be idempotent: two may arrive. Choose them with
/// [`clone_request`](Self::clone_request).
///
/// # Examples
///
/// ```
/// use gardefou::{hedge::Hedge, integrations::tower::{BoxError, HedgeLayer}};
/// use std::{future::pending, sync::atomic::{AtomicUsize, Ordering}, time::Duration};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// static CALLS: AtomicUsize = AtomicUsize::new(0);
/// let hedge = Hedge::builder("search").after(Duration::from_millis(50)).build()?;
/// let service = ServiceBuilder::new()
///     .layer(HedgeLayer::new(hedge.clone()))
///     .service(service_fn(async |text: String| match CALLS.fetch_add(1, Ordering::Relaxed) {
///         0 => pending::<Result<String, BoxError>>().await,
///         _ => Ok(text),
///     }));
/// assert_eq!(service.oneshot("hello".to_owned()).await?, "hello");
/// assert_eq!(hedge.snapshot().won, 1);
/// # Ok::<(), BoxError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct HedgeLayer<O = RetryByError, C = ClonedRequests> {
    hedge: Hedge,
    outcome: O,
    requests: C,
}

impl HedgeLayer {
    /// Makes the layer of a hedge.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{hedge::Hedge, integrations::tower::{BoxError, HedgeLayer}};
    /// use std::time::Duration;
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let hedge = Hedge::builder("search").after(Duration::from_secs(1)).build()?;
    /// let service = ServiceBuilder::new()
    ///     .layer(HedgeLayer::new(hedge.clone()))
    ///     .service(service_fn(async |number: u32| Ok::<_, BoxError>(number * 2)));
    /// assert_eq!(service.oneshot(4).await?, 8);
    /// assert_eq!(hedge.snapshot().started, 0, "the first attempt was quick");
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn new(hedge: Hedge) -> Self {
        Self {
            hedge,
            outcome: RetryByError,
            requests: ClonedRequests,
        }
    }
}

impl<O, C> HedgeLayer<O, C> {
    /// Decides by a [`RetryOutcome`] which outcomes are failures that another attempt may not meet.
    ///
    /// One that may be retried starts the next attempt at once, whatever its wait, and is the outcome
    /// of the call only if it is that of the first attempt and all others fail too. One that is final
    /// is returned at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::hedge::Hedge;
    /// use gardefou::integrations::tower::{BoxError, HedgeLayer, RetryIf};
    /// use std::{sync::atomic::{AtomicUsize, Ordering}, time::Duration};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// static CALLS: AtomicUsize = AtomicUsize::new(0);
    /// let stale = RetryIf(|page: &Result<&str, BoxError>| matches!(page, Ok("stale")));
    /// let hedge = Hedge::builder("replicas").after(Duration::from_secs(1)).build()?;
    /// let service = ServiceBuilder::new()
    ///     .layer(HedgeLayer::new(hedge).outcome(stale))
    ///     .service(service_fn(async |_: u32| match CALLS.fetch_add(1, Ordering::Relaxed) {
    ///         0 => Ok::<_, BoxError>("stale"),
    ///         _ => Ok("fresh"),
    ///     }));
    /// let start = tokio::time::Instant::now();
    /// assert_eq!(service.oneshot(7).await?, "fresh");
    /// assert_eq!(start.elapsed(), Duration::ZERO, "the second attempt did not wait for its delay");
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn outcome<P>(self, outcome: P) -> HedgeLayer<P, C> {
        HedgeLayer {
            hedge: self.hedge,
            outcome,
            requests: self.requests,
        }
    }

    /// Reads the status of responses: one that
    /// [may be retried](crate::integrations::http::is_retryable_status) starts the next attempt at
    /// once, and every other one is returned. Errors are classified by their class.
    ///
    /// # Examples
    ///
    /// ```
    /// # use http_1 as http;
    /// use gardefou::{hedge::Hedge, integrations::tower::{BoxError, HedgeLayer}};
    /// use http::Response;
    /// use std::{sync::atomic::{AtomicUsize, Ordering}, time::Duration};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// static CALLS: AtomicUsize = AtomicUsize::new(0);
    /// let hedge = Hedge::builder("replicas").after(Duration::from_secs(1)).build()?;
    /// let service = ServiceBuilder::new()
    ///     .layer(HedgeLayer::new(hedge.clone()).by_status())
    ///     .service(service_fn(async |_: u32| {
    ///         let status = if CALLS.fetch_add(1, Ordering::Relaxed) == 0 { 503 } else { 200 };
    ///         Response::builder().status(status).body("")
    ///     }));
    /// assert_eq!(service.oneshot(7).await?.status(), 200);
    /// assert_eq!(hedge.snapshot().won, 1);
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "http-1")]
    pub fn by_status(self) -> HedgeLayer<RetryByStatus, C> {
        self.outcome(RetryByStatus)
    }

    /// Copies requests by a function, for those that are not `Clone`, or may not be sent twice; see
    /// [`CloneRequest`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{hedge::Hedge, integrations::tower::{BoxError, HedgeLayer}};
    /// use std::{sync::atomic::{AtomicUsize, Ordering}, time::Duration};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// static CALLS: AtomicUsize = AtomicUsize::new(0);
    /// let reads = |request: &&'static str| request.starts_with("GET").then_some(*request);
    /// let hedge = Hedge::builder("orders").after(Duration::from_millis(50)).build()?;
    /// let service = ServiceBuilder::new()
    ///     .layer(HedgeLayer::new(hedge).clone_request(reads))
    ///     .service(service_fn(async |_: &'static str| {
    ///         CALLS.fetch_add(1, Ordering::Relaxed);
    ///         tokio::time::sleep(Duration::from_secs(1)).await;
    ///         Ok::<_, BoxError>(())
    ///     }));
    /// for (request, calls) in [("GET /orders", 2), ("POST /orders", 1)] {
    ///     CALLS.store(0, Ordering::Relaxed);
    ///     service.clone().oneshot(request).await?;
    ///     assert_eq!(CALLS.load(Ordering::Relaxed), calls, "{request}");
    /// }
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn clone_request<D>(self, requests: D) -> HedgeLayer<O, D> {
        HedgeLayer {
            hedge: self.hedge,
            outcome: self.outcome,
            requests,
        }
    }
}

impl<S, O: Clone, C: Clone> Layer<S> for HedgeLayer<O, C> {
    type Service = HedgeService<S, O, C>;

    fn layer(&self, inner: S) -> Self::Service {
        HedgeService {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service under a hedge; what a [`HedgeLayer`] makes.
#[derive(Clone, Debug)]
pub struct HedgeService<S, O = RetryByError, C = ClonedRequests> {
    inner: S,
    layer: HedgeLayer<O, C>,
}

impl<S, R, O, C> Service<R> for HedgeService<S, O, C>
where
    S: Service<R> + Clone,
    S::Error: Into<BoxError>,
    O: RetryOutcome<S::Response> + Clone,
    C: CloneRequest<R> + Clone,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = HedgeFuture<S, R, O, C>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let ready = take_ready(&mut self.inner);
        let HedgeLayer {
            hedge,
            outcome,
            requests,
        } = self.layer.clone();
        let source = (hedge.config().max_hedges > 0).then(|| self.inner.clone());
        let attempts = CallAttempts::new(Some(ready), source, request, requests);
        HedgeFuture {
            inner: HedgedCall::new(&hedge, attempts, outcome),
        }
    }
}

pin_project_lite::pin_project! {
    /// One request under a hedge: its attempts. The first one is stored in place; further ones are
    /// boxed.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops every attempt. A future that was never polled has called nothing.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct HedgeFuture<S, R, O = RetryByError, C = ClonedRequests>
    where
        S: Service<R>,
    {
        #[pin]
        inner: HedgedCall<CallAttempts<S, R, C>, Call<S, R>, S::Response, O>,
    }
}

impl<S, R, O, C> Future for HedgeFuture<S, R, O, C>
where
    S: Service<R> + Clone,
    S::Error: Into<BoxError>,
    O: RetryOutcome<S::Response> + Clone,
    C: CloneRequest<R>,
{
    type Output = Result<S::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(cx)
    }
}

impl<S: Service<R>, R, O, C> fmt::Debug for HedgeFuture<S, R, O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HedgeFuture").finish_non_exhaustive()
    }
}

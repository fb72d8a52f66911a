//! Layers for deadlines in the headers of requests.

use super::call::{BoxError, Call, take_ready};
use crate::{
    call::{Deadline, EnteredDeadline, wire::DeadlineHeader},
    integrations::http::{AcceptDeadline, set_deadline},
};
use http_1::Request;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tower_layer::Layer;
use tower_service::Service;

/// Layer of a client that sends with each request how much time
/// [remains](crate::call::remaining).
///
/// Inside of a retry each attempt sends what remains then. A request for which less than one unit of
/// the header remains is not sent: the error is a [`Rejection`](crate::Rejection) with the code
/// `TIMEOUT_ERROR`.
///
/// # Examples
///
/// ```
/// # use http_1 as http;
/// use gardefou::{call::{Context, InCall}, integrations::tower::{BoxError, SendDeadlineLayer}};
/// use http::Request;
/// use std::time::Duration;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let service = ServiceBuilder::new()
///     .layer(SendDeadlineLayer::default())
///     .service(service_fn(async |request: Request<&str>| {
///         let sent = request.headers().get("x-envoy-expected-rq-timeout-ms").cloned();
///         Ok::<_, BoxError>(sent)
///     }));
/// assert_eq!(service.clone().oneshot(Request::new("")).await?, None, "no deadline");
/// let within = Context::current().with_timeout(Duration::from_secs(2));
/// let sent = service.clone().oneshot(Request::new("")).in_call(within).await?.unwrap();
/// assert!(sent.to_str()?.parse::<u64>()? <= 2000);
/// let too_late = Context::current().with_timeout(Duration::ZERO);
/// assert!(service.oneshot(Request::new("")).in_call(too_late).await.is_err(), "not sent");
/// # Ok::<(), BoxError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct SendDeadlineLayer {
    header: DeadlineHeader,
}

impl SendDeadlineLayer {
    /// Makes the layer for a header.
    ///
    /// # Examples
    ///
    /// ```
    /// # use http_1 as http;
    /// use gardefou::{call::{Context, InCall, wire::DeadlineHeader}};
    /// use gardefou::integrations::tower::{BoxError, SendDeadlineLayer};
    /// use std::time::Duration;
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let service = ServiceBuilder::new()
    ///     .layer(SendDeadlineLayer::new(DeadlineHeader::GRPC))
    ///     .service(service_fn(async |request: http::Request<&str>| {
    ///         Ok::<_, BoxError>(request.headers().contains_key("grpc-timeout"))
    ///     }));
    /// let within = Context::current().with_timeout(Duration::from_secs(2));
    /// assert!(service.oneshot(http::Request::new("")).in_call(within).await?);
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn new(header: DeadlineHeader) -> Self {
        Self { header }
    }
}

impl<S> Layer<S> for SendDeadlineLayer {
    type Service = SendDeadlineService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SendDeadlineService {
            inner,
            header: self.header.clone(),
        }
    }
}

/// A client that sends deadlines; what a [`SendDeadlineLayer`] makes.
#[derive(Clone, Debug)]
pub struct SendDeadlineService<S> {
    inner: S,
    header: DeadlineHeader,
}

impl<S, B> Service<Request<B>> for SendDeadlineService<S>
where
    S: Service<Request<B>> + Clone,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = SendDeadlineFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = take_ready(&mut self.inner);
        SendDeadlineFuture {
            header: self.header.clone(),
            call: Call::new(service, request),
        }
    }
}

pin_project_lite::pin_project! {
    /// A request that gets its deadline when it is polled first.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct SendDeadlineFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        header: DeadlineHeader,
        #[pin]
        call: Call<S, Request<B>>,
    }
}

impl<S, B> Future for SendDeadlineFuture<S, B>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<S::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(request) = this.call.as_mut().waiting()
            && let Err(rejection) = set_deadline(request.headers_mut(), this.header)
        {
            return Poll::Ready(rejection.into_result());
        }
        this.call.poll(cx)
    }
}

impl<S: Service<Request<B>>, B> fmt::Debug for SendDeadlineFuture<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendDeadlineFuture").finish_non_exhaustive()
    }
}

/// Layer of a server that takes the deadline of each request from its headers: see
/// [`AcceptDeadline`]. A request whose time is over is not served: the error is a
/// [`Rejection`](crate::Rejection) with the code `TIMEOUT_ERROR`.
///
/// In an axum router, `deadlines` of `integrations::axum` answers with 504.
///
/// # Examples
///
/// ```
/// # use http_1 as http;
/// use gardefou::{call, integrations::{http::AcceptDeadline, tower::{AcceptDeadlineLayer, BoxError}}};
/// use http::Request;
/// use std::time::Duration;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let service = ServiceBuilder::new()
///     .layer(AcceptDeadlineLayer::new(AcceptDeadline::new().max(Duration::from_secs(30))?))
///     .service(service_fn(async |_: Request<&str>| Ok::<_, BoxError>(call::remaining())));
/// let request = |millis: &str| Request::builder().header("x-envoy-expected-rq-timeout-ms", millis).body("");
/// assert!(service.clone().oneshot(request("2000")?).await? <= Some(Duration::from_secs(2)));
/// assert!(service.clone().oneshot(request("90000")?).await? <= Some(Duration::from_secs(30)));
/// assert!(service.oneshot(request("0")?).await.is_err());
/// # Ok::<(), BoxError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct AcceptDeadlineLayer {
    accept: AcceptDeadline,
}

impl AcceptDeadlineLayer {
    /// Makes the layer.
    ///
    /// # Examples
    ///
    /// ```
    /// # use http_1 as http;
    /// use gardefou::{call, integrations::{http::AcceptDeadline, tower::{AcceptDeadlineLayer, BoxError}}};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let service = ServiceBuilder::new()
    ///     .layer(AcceptDeadlineLayer::new(AcceptDeadline::new()))
    ///     .service(service_fn(async |_: http::Request<&str>| Ok::<_, BoxError>(call::remaining())));
    /// assert_eq!(service.oneshot(http::Request::new("")).await?, None, "no header, no deadline");
    /// # Ok::<(), BoxError>(())
    /// # }).unwrap();
    /// ```
    pub fn new(accept: AcceptDeadline) -> Self {
        Self { accept }
    }
}

impl<S> Layer<S> for AcceptDeadlineLayer {
    type Service = AcceptDeadlineService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AcceptDeadlineService {
            inner,
            accept: self.accept.clone(),
        }
    }
}

/// A server that takes deadlines from headers; what an [`AcceptDeadlineLayer`] makes.
#[derive(Clone, Debug)]
pub struct AcceptDeadlineService<S> {
    inner: S,
    accept: AcceptDeadline,
}

impl<S, B> Service<Request<B>> for AcceptDeadlineService<S>
where
    S: Service<Request<B>> + Clone,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = AcceptDeadlineFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = take_ready(&mut self.inner);
        AcceptDeadlineFuture {
            accept: self.accept.clone(),
            deadline: None,
            call: Call::new(service, request),
        }
    }
}

pin_project_lite::pin_project! {
    /// A request that is served under the deadline of its headers.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct AcceptDeadlineFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        accept: AcceptDeadline,
        deadline: Option<Deadline>,
        #[pin]
        call: Call<S, Request<B>>,
    }
}

impl<S, B> Future for AcceptDeadlineFuture<S, B>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<S::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(request) = this.call.as_mut().waiting() {
            match this.accept.arriving(request.headers()) {
                Ok(deadline) => *this.deadline = deadline,
                Err(rejection) => return Poll::Ready(rejection.into_result()),
            }
        }
        let _entered = this.deadline.clone().map(EnteredDeadline::enter);
        this.call.poll(cx)
    }
}

impl<S: Service<Request<B>>, B> fmt::Debug for AcceptDeadlineFuture<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptDeadlineFuture")
            .finish_non_exhaustive()
    }
}

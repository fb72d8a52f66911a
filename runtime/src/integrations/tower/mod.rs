//! Guards as layers of tower (feature `tower`), for services of axum, tonic, hyper, and your own.
//!
//! Each layer takes the handle of a guard, so that a guard is configured in one way, and one breaker
//! can guard services and functions together.
//!
//! # Readiness
//!
//! `poll_ready` is that of the inner service and takes nothing of the guard. Permits and slots are
//! taken when the future of a call is polled first, and given back when it ends or is dropped: a
//! service that was ready and is dropped without a call, or a future that is never polled, holds
//! nothing. The inner service that is called is the one that was ready; a clone takes its place.
//!
//! # Errors
//!
//! Every layer has [`BoxError`], as the layers of tower itself: the error of the inner service, boxed
//! unless it is already, or a [`Rejection`](crate::Rejection). A guard finds codes, classes and
//! rejections in the sources of a boxed error, whatever its type, so that layers can be stacked in
//! any order. With `downcast_ref::<Rejection>()`, or [`View`](crate::error::View), so does the caller;
//! [`AppError::from_boxed`](crate::AppError::from_boxed) makes an error with code and HTTP status of
//! it. In an axum router, `HandleErrorLayer` goes around the layers, with `handle_error` of
//! `integrations::axum`.
//!
//! # Responses that are failures
//!
//! A response with the status 503 is an `Ok`. [`CircuitBreakerLayer::classifier`] and
//! [`RetryLayer::retry_if_result`] take predicates on the whole outcome; with the feature `http-1`,
//! `by_status` of both reads the status and `Retry-After` of a response. [`HedgeLayer::outcome`]
//! decides which responses another attempt may do better than. [`PipelineLayer`] has the same for its
//! breaker, and for its retry and its hedge together.
//!
//! # What it costs
//!
//! Futures are not boxed, and a call that succeeds at its first attempt allocates nothing. A rejection
//! is boxed, and so are the waits of a call for a bulkhead or a rate limiter and the attempts of a
//! hedge after the first. [`HedgeLayer`] and [`PipelineLayer`] clone the inner service once more for a
//! call that may have further attempts.
//!
//! # Examples
//!
//! ```
//! use gardefou::{Rejection, breaker::CircuitBreaker, retry::Retry};
//! use gardefou::integrations::tower::{BoxError, CircuitBreakerLayer, RetryLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let breaker = CircuitBreaker::builder("search").failure_threshold(2).build()?;
//! let service = ServiceBuilder::new()
//!     .layer(RetryLayer::new(Retry::builder().max_retries(5).build()?)) // the first one is the outermost
//!     .layer(CircuitBreakerLayer::new(breaker.clone()))
//!     .service(service_fn(async |_: &str| Err::<(), BoxError>("no route to host".into())));
//!
//! let err = service.oneshot("query").await.unwrap_err();
//! assert_eq!(breaker.snapshot().counts.failure, 2);
//! assert!(err.is::<Rejection>(), "the retry stopped at the open circuit");
//! # Ok::<(), gardefou::ConfigError>(())
//! # }).unwrap();
//! ```

mod attempts;
mod breaker;
mod bulkhead;
mod call;
#[cfg(feature = "http-1")]
mod deadline;
mod guard;
mod hedge;
mod hedged_call;
mod pipeline;
mod rate_limit;
mod retry;
mod timeout;

pub use breaker::{BreakerGuard, CircuitBreakerLayer};
pub use bulkhead::BulkheadLayer;
pub use call::{BoxError, Call};
#[cfg(feature = "http-1")]
pub use deadline::{
    AcceptDeadlineFuture, AcceptDeadlineLayer, AcceptDeadlineService, SendDeadlineFuture,
    SendDeadlineLayer, SendDeadlineService,
};
pub use guard::{Flattened, Guard, GuardLayer, GuardService};
pub use hedge::{HedgeFuture, HedgeLayer, HedgeService};
pub use pipeline::{PipelineFuture, PipelineLayer, PipelineService};
pub use rate_limit::RateLimitLayer;
#[cfg(feature = "http-1")]
pub use retry::RetryByStatus;
pub use retry::{
    CloneRequest, ClonedRequests, RetryByError, RetryDecision, RetryFuture, RetryIf, RetryLayer,
    RetryOutcome, RetryService,
};
pub use timeout::TimeoutLayer;

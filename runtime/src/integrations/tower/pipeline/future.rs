//! Future of one request through a pipeline.

use super::{
    super::{
        call::BoxError,
        guard::Flattened,
        retry::{CloneRequest, RetryFuture, RetryOutcome},
    },
    attempts::{PolicyAttempts, RetriedAttempt},
    optional::Optional,
};
use crate::{
    breaker::Classifier,
    pipeline::{PipelineSpan, Policies},
    span::{AnyError, Traced},
    timeout::{Timed, Timeout},
};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

type Retried<S, R, O, C, K> =
    Optional<RetryFuture<PolicyAttempts<S, O, C, K>, R, O, C>, RetriedAttempt<S, R, O, C, K>>;

type Whole<S, R, O, C, K> =
    Optional<Flattened<Timed<Timeout, Retried<S, R, O, C, K>>>, Retried<S, R, O, C, K>>;

/// The whole in its span, if it has one. Boxed then, so that a request without a span has no room
/// for one.
type Spanned<S, R, O, C, K> = Optional<
    Pin<Box<Traced<Whole<S, R, O, C, K>, Arc<PipelineSpan>, AnyError>>>,
    Whole<S, R, O, C, K>,
>;

pin_project_lite::pin_project! {
    /// One request through a pipeline. It boxes no more than its policies do: the attempts of a hedge
    /// after the first, and the waits of a bulkhead and of a rate limiter.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the attempts that run, which gives their permits and slots back, or ends
    /// the wait. A future that was never polled has called nothing.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct PipelineFuture<S, R, O, C, K>
    where
        S: Service<R>,
        S: Clone,
        S::Error: Into<BoxError>,
        O: RetryOutcome<S::Response>,
        O: Clone,
        C: CloneRequest<R>,
        C: Clone,
        K: Classifier<Result<S::Response, BoxError>>,
        K: Clone,
    {
        #[pin]
        whole: Spanned<S, R, O, C, K>,
    }
}

impl<S, R, O, C, K> PipelineFuture<S, R, O, C, K>
where
    S: Service<R> + Clone,
    S::Error: Into<BoxError>,
    O: RetryOutcome<S::Response> + Clone,
    C: CloneRequest<R> + Clone,
    K: Classifier<Result<S::Response, BoxError>> + Clone,
{
    pub(super) fn new(
        policies: &Policies,
        span: Option<&Arc<PipelineSpan>>,
        outcome: O,
        requests: C,
        mut attempts: PolicyAttempts<S, O, C, K>,
        request: R,
    ) -> Self {
        let retried = match &policies.retry {
            Some(retry) => Optional::Guarded {
                future: RetryFuture::new(retry.clone(), outcome, requests, attempts, request),
            },
            None => Optional::Bare {
                future: attempts.call(request),
            },
        };
        let whole = Optional::new(policies.timeout.as_ref(), retried, |timeout, retried| {
            Flattened::new(timeout.limit_owned(retried))
        });
        let whole = Optional::new(span, whole, |span, whole| {
            Box::pin(Traced::new(whole, Arc::clone(span), AnyError))
        });
        Self { whole }
    }
}

impl<S, R, O, C, K> Future for PipelineFuture<S, R, O, C, K>
where
    S: Service<R> + Clone,
    S::Error: Into<BoxError>,
    O: RetryOutcome<S::Response> + Clone,
    C: CloneRequest<R> + Clone,
    K: Classifier<Result<S::Response, BoxError>> + Clone,
{
    type Output = Result<S::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().whole.poll(cx)
    }
}

impl<S, R, O, C, K> fmt::Debug for PipelineFuture<S, R, O, C, K>
where
    S: Service<R> + Clone,
    S::Error: Into<BoxError>,
    O: RetryOutcome<S::Response> + Clone,
    C: CloneRequest<R> + Clone,
    K: Classifier<Result<S::Response, BoxError>> + Clone,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineFuture").finish_non_exhaustive()
    }
}

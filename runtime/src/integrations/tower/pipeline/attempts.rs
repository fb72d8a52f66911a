//! Attempts of one request through the policies of a pipeline.

use super::{
    super::{
        attempts::{CallAttempts, next_call},
        call::{BoxError, Call},
        guard::Flattened,
        hedged_call::HedgedCall,
        retry::{CloneRequest, RetryOutcome},
    },
    optional::Optional,
};
use crate::{
    breaker::{Classifier, OwnedCall as BreakerCall},
    bulkhead::OwnedCall as BulkheadCall,
    hedge::MakeAttempts,
    pipeline::Policies,
    rate_limit::{Limited, RateLimiter},
    timeout::{Timed, Timeout},
};
use std::{
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

type TimedAttempt<S, R> = Optional<Flattened<Timed<Timeout, Call<S, R>>>, Call<S, R>>;
type BoundedAttempt<S, R> = Optional<BulkheadCall<TimedAttempt<S, R>>, TimedAttempt<S, R>>;
type PacedAttempt<S, R> =
    Optional<Flattened<Limited<RateLimiter, BoundedAttempt<S, R>>>, BoundedAttempt<S, R>>;

/// One attempt under the policies of attempts, each of which admits it when it is polled first.
pub(super) type GuardedAttempt<S, R, K> =
    Optional<BreakerCall<PacedAttempt<S, R>, K>, PacedAttempt<S, R>>;

/// What a retry counts as one attempt: the attempts of a hedge, or one.
pub(super) type RetriedAttempt<S, R, O, C, K> = Optional<
    HedgedCall<HedgedAttempts<S, R, C, K>, GuardedAttempt<S, R, K>, <S as Service<R>>::Response, O>,
    GuardedAttempt<S, R, K>,
>;

/// Puts an attempt that has not begun under the policies further in than the hedge.
fn guarded<S: Service<R>, R, K>(
    policies: &Policies,
    classifier: K,
    call: Call<S, R>,
) -> GuardedAttempt<S, R, K> {
    let timed = Optional::new(policies.attempt_timeout.as_ref(), call, |timeout, call| {
        Flattened::new(timeout.limit_owned(call))
    });
    let bounded = Optional::new(policies.bulkhead.as_ref(), timed, |bulkhead, call| {
        bulkhead.guard_owned(call)
    });
    let paced = Optional::new(policies.rate_limit.as_ref(), bounded, |limiter, call| {
        Flattened::new(limiter.limit_owned(call))
    });
    Optional::new(policies.circuit_breaker.as_ref(), paced, |breaker, call| {
        breaker.guard_owned(classifier, call)
    })
}

/// The service under the retry of a pipeline. It is always ready: the service inside is polled ready
/// by the attempt that the policies have admitted.
#[derive(Debug)]
pub(in crate::integrations::tower) struct PolicyAttempts<S, O, C, K> {
    policies: Arc<Policies>,
    ready: Option<S>,
    source: Option<S>,
    outcome: O,
    requests: C,
    classifier: K,
}

impl<S, O, C, K> PolicyAttempts<S, O, C, K> {
    /// `ready` is called by the first attempt, and clones of `inner` by further ones.
    pub(super) fn new(
        policies: Arc<Policies>,
        ready: S,
        inner: &S,
        outcome: O,
        requests: C,
        classifier: K,
    ) -> Self
    where
        S: Clone,
    {
        let has_hedge =
            (policies.hedge.as_ref()).is_some_and(|hedge| hedge.config().max_hedges > 0);
        Self {
            ready: Some(ready),
            source: (has_hedge || policies.retry.is_some()).then(|| inner.clone()),
            policies,
            outcome,
            requests,
            classifier,
        }
    }
}

impl<S, R, O, C, K> Service<R> for PolicyAttempts<S, O, C, K>
where
    S: Service<R> + Clone,
    S::Error: Into<BoxError>,
    O: RetryOutcome<S::Response> + Clone,
    C: CloneRequest<R> + Clone,
    K: Classifier<Result<S::Response, BoxError>> + Clone,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = RetriedAttempt<S, R, O, C, K>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let Some(hedge) = &self.policies.hedge else {
            let call = next_call(&mut self.ready, &self.source, request);
            let future = guarded(&self.policies, self.classifier.clone(), call);
            return Optional::Bare { future };
        };
        let (source, requests) = (self.source.clone(), self.requests.clone());
        let attempts = HedgedAttempts {
            calls: CallAttempts::new(self.ready.take(), source, request, requests),
            policies: Arc::clone(&self.policies),
            classifier: self.classifier.clone(),
        };
        Optional::Guarded {
            future: HedgedCall::new(hedge, attempts, self.outcome.clone()),
        }
    }
}

/// The attempts of a hedge, each under the policies further in.
#[derive(Debug)]
pub(in crate::integrations::tower) struct HedgedAttempts<S, R, C, K> {
    calls: CallAttempts<S, R, C>,
    policies: Arc<Policies>,
    classifier: K,
}

impl<S, R, C, K> MakeAttempts<GuardedAttempt<S, R, K>> for HedgedAttempts<S, R, C, K>
where
    S: Service<R> + Clone,
    S::Error: Into<BoxError>,
    C: CloneRequest<R>,
    K: Clone,
{
    fn make(&mut self, may_follow: bool) -> GuardedAttempt<S, R, K> {
        let call = self.calls.make(may_follow);
        guarded(&self.policies, self.classifier.clone(), call)
    }

    fn can_make(&self) -> bool {
        self.calls.can_make()
    }
}

//! Future of one request under a retry.

use super::{CloneRequest, RetryOutcome, decision::settle};
use crate::{
    call::Limited,
    chaos::After,
    integrations::tower::BoxError,
    retry::{Retry, Run, SuspendedRun, Wait},
};
use std::{
    fmt,
    future::Future,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower_service::Service;

pin_project_lite::pin_project! {
    /// One request under a retry: the attempts, and the waits between them.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the attempt under way, or ends the wait; no further attempt is made. A
    /// future that was never polled has called nothing.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct RetryFuture<S, R, O, C>
    where
        S: Service<R>,
    {
        // Dropped before the frame of its attempt, as it is inside.
        #[pin]
        step: Step<S::Future>,
        // `None` before the first attempt, and during a poll.
        run: Option<SuspendedRun>,
        // The request of the next attempt; `None` where the one under way cannot be sent again.
        next: Option<R>,
        service: S,
        requests: C,
        outcome: O,
        retry: Retry,
    }
}

pin_project_lite::pin_project! {
    #[project = StepProjection]
    enum Step<F> {
        // The service is ready: what to do first.
        Begin,
        // A further attempt waits until the service is ready.
        Readying,
        Calling {
            #[pin]
            future: After<F>,
        },
        // Under `attempt_timeout`.
        CallingLimited {
            #[pin]
            future: Limited<After<F>>,
        },
        Waiting { wait: Wait },
    }
}

impl<S: Service<R>, R, O, C> RetryFuture<S, R, O, C> {
    pub(in crate::integrations::tower) fn new(
        retry: Retry,
        outcome: O,
        requests: C,
        service: S,
        request: R,
    ) -> Self {
        Self {
            step: Step::Begin,
            run: None,
            next: Some(request),
            service,
            requests,
            outcome,
            retry,
        }
    }
}

impl<S, R, O, C> Future for RetryFuture<S, R, O, C>
where
    S: Service<R>,
    S::Error: Into<BoxError>,
    O: RetryOutcome<S::Response>,
    C: CloneRequest<R>,
{
    type Output = Result<S::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let outcome = match this.step.as_mut().project() {
                StepProjection::Waiting { wait } => {
                    ready!(Pin::new(wait).poll(cx));
                    this.step.set(Step::Readying);
                    continue;
                }
                StepProjection::Begin => {
                    let Some(request) = this.next.take() else {
                        unreachable!("polled after a panic of the service")
                    };
                    let mut run = match this.run.take() {
                        Some(run) => this.retry.resume(run),
                        None => this.retry.start(),
                    };
                    match run.inject() {
                        Ok(ahead) => {
                            *this.next = if run.attempt().is_last() {
                                None
                            } else {
                                this.requests.clone_request(&request)
                            };
                            let future = {
                                let _entered = run.enter().scoped();
                                ahead.before(this.service.call(request))
                            };
                            let granted = run.granted();
                            *this.run = Some(run.suspend());
                            this.step.set(match granted {
                                None => Step::Calling { future },
                                Some(granted) => Step::CallingLimited {
                                    future: granted.limit(future),
                                },
                            });
                            continue;
                        }
                        Err(injected) => {
                            // It was not sent.
                            *this.next = Some(request);
                            *this.run = Some(run.suspend());
                            injected.into_result()
                        }
                    }
                }
                StepProjection::Readying => {
                    let service = &mut *this.service;
                    let polled = in_attempt(this.retry, this.run, || service.poll_ready(cx));
                    match ready!(polled) {
                        Ok(()) => {
                            this.step.set(Step::Begin);
                            continue;
                        }
                        Err(error) => Err(error.into()),
                    }
                }
                StepProjection::Calling { future } => {
                    let polled = in_attempt(this.retry, this.run, || future.poll(cx));
                    ready!(polled).map_err(Into::into)
                }
                StepProjection::CallingLimited { future } => {
                    let polled = in_attempt(this.retry, this.run, || future.poll(cx));
                    match ready!(polled) {
                        Some(outcome) => outcome.map_err(Into::into),
                        None => {
                            let run = resumed(this.retry, this.run);
                            let rejection = run.timed_out();
                            *this.run = Some(run.suspend());
                            rejection.into_result()
                        }
                    }
                }
            };
            let mut run = resumed(this.retry, this.run);
            // The future of the attempt ends before the wait.
            this.step.set(Step::Readying);
            let cannot_repeat = this.next.is_none() && !run.attempt().is_last();
            let settled = if cannot_repeat {
                run.settle_if(outcome, |_| false)
            } else {
                settle(&mut run, outcome, this.outcome)
            };
            match settled {
                ControlFlow::Break(outcome) => return Poll::Ready(outcome),
                ControlFlow::Continue(delay) => {
                    let wait = run.wait_async(delay);
                    *this.run = Some(run.suspend());
                    this.step.set(Step::Waiting { wait });
                }
            }
        }
    }
}

/// Runs one poll in the frame of the attempt under way.
fn in_attempt<T>(retry: &Retry, place: &mut Option<SuspendedRun>, poll: impl FnOnce() -> T) -> T {
    let mut run = resumed(retry, place);
    let polled = {
        let _entered = run.enter().scoped();
        poll()
    };
    *place = Some(run.suspend());
    polled
}

fn resumed<'r>(retry: &'r Retry, place: &mut Option<SuspendedRun>) -> Run<'r> {
    match place.take() {
        Some(run) => retry.resume(run),
        None => unreachable!("polled after a panic of the service"),
    }
}

impl<S: Service<R>, R, O, C> fmt::Debug for RetryFuture<S, R, O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryFuture")
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

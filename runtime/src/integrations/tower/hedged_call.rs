//! One request under a hedge, whose responses may be failures.

use super::{
    call::BoxError,
    retry::{RetryDecision, RetryOutcome},
};
use crate::{
    classify::Classified,
    error::{Class, Rejection, View},
    hedge::{AttemptView, Hedge, MakeAttempts, OwnedCall},
};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project_lite::pin_project! {
    /// The attempts of one request, whose outcomes a [`RetryOutcome`] reads.
    #[must_use = "futures do nothing unless they are awaited"]
    pub(super) struct HedgedCall<M, F, T, O> {
        #[pin]
        call: OwnedCall<ReadAttempts<M, O>, ReadAttempt<F, O>, ReadOutcome<T>, ByOutcome<O>>,
    }
}

impl<M, F, T, O: Clone> HedgedCall<M, F, T, O> {
    pub(super) fn new(hedge: &Hedge, make: M, outcome: O) -> Self {
        let view = ByOutcome(outcome.clone());
        Self {
            call: hedge.call_owned(ReadAttempts { make, outcome }, view),
        }
    }
}

impl<M, F, T, O> Future for HedgedCall<M, F, T, O>
where
    M: MakeAttempts<F>,
    F: Future<Output = Result<T, BoxError>>,
    O: RetryOutcome<T> + Clone,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = ready!(self.project().call.poll(cx));
        Poll::Ready(ended.or_else(|failed| failed.outcome))
    }
}

/// An outcome that was read. The error of an attempt, unless it is a response that ends the call.
#[derive(Debug)]
struct ReadOutcome<T> {
    outcome: Result<T, BoxError>,
    /// `None` where the outcome is final.
    classified: Option<Classified>,
}

impl<T> ReadOutcome<T> {
    fn new<O: RetryOutcome<T>>(outcome: Result<T, BoxError>, on: &O) -> Self {
        let classified = match (on.decide(&outcome), &outcome) {
            (RetryDecision::Return, _) | (RetryDecision::Default, Ok(_)) => None,
            (RetryDecision::Default, Err(error)) => Some(View::from_any(error).classified()),
            (RetryDecision::Again(_), Ok(_)) => Some(Classified::UNKNOWN),
            (RetryDecision::Again(_), Err(error)) => Some(Classified {
                class: Class::Transient,
                ..View::from_any(error).classified()
            }),
        };
        Self {
            outcome,
            classified,
        }
    }
}

struct ByOutcome<O>(O);

impl<T, O: RetryOutcome<T>> AttemptView<ReadOutcome<T>> for ByOutcome<O> {
    fn classified(&self, failed: &ReadOutcome<T>) -> Option<Classified> {
        failed.classified
    }

    fn view<'a>(&'a self, failed: &'a ReadOutcome<T>) -> Option<View<'a>> {
        failed.outcome.as_ref().err().map(View::from_any)
    }

    fn carry(&self, injected: Rejection) -> Result<ReadOutcome<T>, Rejection> {
        Ok(ReadOutcome::new(injected.into_result(), &self.0))
    }
}

struct ReadAttempts<M, O> {
    make: M,
    outcome: O,
}

impl<M: MakeAttempts<F>, F, O: Clone> MakeAttempts<ReadAttempt<F, O>> for ReadAttempts<M, O> {
    fn make(&mut self, may_follow: bool) -> ReadAttempt<F, O> {
        ReadAttempt {
            call: self.make.make(may_follow),
            outcome: self.outcome.clone(),
        }
    }

    fn can_make(&self) -> bool {
        self.make.can_make()
    }
}

pin_project_lite::pin_project! {
    struct ReadAttempt<F, O> {
        #[pin]
        call: F,
        outcome: O,
    }
}

impl<T, F, O> Future for ReadAttempt<F, O>
where
    F: Future<Output = Result<T, BoxError>>,
    O: RetryOutcome<T>,
{
    type Output = Result<T, ReadOutcome<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = ready!(this.call.poll(cx));
        Poll::Ready(match ReadOutcome::new(outcome, this.outcome) {
            ReadOutcome {
                outcome: Ok(response),
                classified: None,
            } => Ok(response),
            failed => Err(failed),
        })
    }
}

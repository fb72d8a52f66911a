//! Asynchronous call that holds its bulkhead, for services whose futures borrow nothing.

use super::{handle::Bulkhead, permit::BulkheadPermit};
use crate::error::{CarriesRejection, Rejection};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// The wait for a slot. Boxed, because it borrows the bulkhead that it holds, and a call that gets a
/// slot at once makes none.
type Wait = Pin<Box<dyn Future<Output = Result<BulkheadPermit, Rejection>> + Send>>;

pin_project_lite::pin_project! {
    /// A call that takes a slot when it is polled first, for which it waits if it may.
    ///
    /// The fields are dropped in this order: what the call holds is free before its slot is.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct OwnedCall<F> {
        #[pin]
        inner: F,
        stage: Stage,
    }
}

enum Stage {
    Asking(Bulkhead),
    Waiting(Wait),
    Running(BulkheadPermit),
    /// While it is polled, and after its end.
    Away,
}

impl<F> OwnedCall<F> {
    pub(super) fn new(bulkhead: Bulkhead, inner: F) -> Self {
        Self {
            inner,
            stage: Stage::Asking(bulkhead),
        }
    }
}

impl<T, E, F> Future for OwnedCall<F>
where
    E: CarriesRejection + 'static,
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // Out of the stage while it is polled, so that a panic gives the slot back at once.
        let permit = match acquire(std::mem::replace(this.stage, Stage::Away), cx) {
            Ok(Ok(permit)) => permit,
            Ok(Err(rejection)) => return Poll::Ready(rejection.into_result()),
            Err(wait) => {
                *this.stage = Stage::Waiting(wait);
                return Poll::Pending;
            }
        };
        let Poll::Ready(outcome) = this.inner.poll(cx) else {
            *this.stage = Stage::Running(permit);
            return Poll::Pending;
        };
        permit.end_with(&outcome);
        Poll::Ready(outcome)
    }
}

/// Returns the slot or the rejection, or else the wait to go on with.
fn acquire(stage: Stage, cx: &mut Context<'_>) -> Result<Result<BulkheadPermit, Rejection>, Wait> {
    let mut wait: Wait = match stage {
        Stage::Running(permit) => return Ok(Ok(permit)),
        Stage::Waiting(wait) => wait,
        Stage::Asking(bulkhead) => match bulkhead.take_at_once() {
            Some(permit) => return Ok(Ok(permit)),
            None => Box::pin(async move { bulkhead.acquire_async().await }),
        },
        Stage::Away => unreachable!("polled after it was ready"),
    };
    match wait.as_mut().poll(cx) {
        Poll::Ready(acquired) => Ok(acquired),
        Poll::Pending => Err(wait),
    }
}

impl<F> fmt::Debug for OwnedCall<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedCall").finish_non_exhaustive()
    }
}

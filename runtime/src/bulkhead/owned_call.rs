//! Asynchronous call that holds its bulkhead, for services whose futures borrow nothing.

use super::{handle::Bulkhead, permit::BulkheadPermit};
use crate::{
    chaos::{self, After, Ahead},
    error::{CarriesRejection, Rejection},
};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// A slot, and what to await before the call.
type Admitted = Result<(BulkheadPermit, Ahead), Rejection>;

/// The wait for a slot. Boxed, because it borrows the bulkhead that it holds, and a call that gets a
/// slot at once makes none.
type Wait = Pin<Box<dyn Future<Output = Admitted> + Send>>;

pin_project_lite::pin_project! {
    /// A call that takes a slot when it is polled first, for which it waits if it may.
    ///
    /// The fields are dropped in this order: what the call holds is free before its slot is.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct OwnedCall<F> {
        #[pin]
        inner: After<F>,
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
            inner: Ahead::default().before(inner),
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
        let mut this = self.project();
        // Out of the stage while it is polled, so that a panic gives the slot back at once.
        let permit = match std::mem::replace(this.stage, Stage::Away) {
            Stage::Running(permit) => permit,
            stage => match admit(stage, cx) {
                Ok(Ok((permit, ahead))) => {
                    chaos::put_ahead(this.inner.as_mut(), ahead);
                    permit
                }
                Ok(Err(rejection)) => return Poll::Ready(rejection.into_result()),
                Err(wait) => {
                    *this.stage = Stage::Waiting(wait);
                    return Poll::Pending;
                }
            },
        };
        let Poll::Ready(outcome) = this.inner.poll(cx) else {
            *this.stage = Stage::Running(permit);
            return Poll::Pending;
        };
        permit.end_with(&outcome);
        Poll::Ready(outcome)
    }
}

/// Admits a call or rejects it, or else returns the wait to go on with.
fn admit(stage: Stage, cx: &mut Context<'_>) -> Result<Admitted, Wait> {
    let mut wait: Wait = match stage {
        Stage::Waiting(wait) => wait,
        Stage::Asking(bulkhead) => match bulkhead.admit_at_once() {
            Some(admitted) => return Ok(admitted),
            None => Box::pin(async move { bulkhead.admit().await }),
        },
        Stage::Running(_) | Stage::Away => unreachable!("polled after it was ready"),
    };
    match wait.as_mut().poll(cx) {
        Poll::Ready(admitted) => Ok(admitted),
        Poll::Pending => Err(wait),
    }
}

impl<F> fmt::Debug for OwnedCall<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedCall").finish_non_exhaustive()
    }
}

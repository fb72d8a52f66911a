//! Asynchronous call that holds a slot.

use super::{async_wait::Acquire, held::Held, inner::Inner};
use crate::{
    chaos::{self, After, Ahead},
    classify::Classified,
    error::Rejection,
};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

pin_project_lite::pin_project! {
    /// A future that runs while it holds a slot, for which it waits first.
    ///
    /// The fields are dropped in this order: what the call holds is free before its slot is.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Guarded<'a, F, C> {
        #[pin]
        inner: After<F>,
        classify: C,
        stage: Stage<'a>,
    }
}

#[derive(Debug)]
enum Stage<'a> {
    Acquiring(Acquire<'a>),
    Running(Held<'a>),
    /// While it is polled, and after its end.
    Away,
}

impl<'a, F, C> Guarded<'a, F, C> {
    #[inline]
    pub(super) fn new(bulkhead: &'a Arc<Inner>, classify: C, inner: F) -> Self {
        Self {
            inner: Ahead::default().before(inner),
            classify,
            stage: Stage::Acquiring(Acquire::new(bulkhead)),
        }
    }

    /// The future of a call that was admitted.
    #[inline]
    pub(super) fn admitted(held: Held<'a>, classify: C, inner: After<F>) -> Self {
        Self {
            inner,
            classify,
            stage: Stage::Running(held),
        }
    }
}

impl<T, E, F, C> Future for Guarded<'_, F, C>
where
    F: Future<Output = Result<T, E>>,
    C: Fn(&E) -> Classified,
{
    type Output = Result<F::Output, Rejection>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // Out of the stage while it is polled, so that a panic gives the slot back at once.
        let held = match std::mem::replace(this.stage, Stage::Away) {
            Stage::Running(held) => held,
            Stage::Acquiring(mut acquire) => match Pin::new(&mut acquire).poll(cx) {
                Poll::Ready(Ok(held)) => {
                    let (held, ahead) = held.inject()?;
                    chaos::put_ahead(this.inner.as_mut(), ahead);
                    held
                }
                Poll::Ready(Err(rejection)) => return Poll::Ready(Err(rejection)),
                Poll::Pending => {
                    *this.stage = Stage::Acquiring(acquire);
                    return Poll::Pending;
                }
            },
            Stage::Away => panic!("polled after it was ready"),
        };
        let Poll::Ready(outcome) = this.inner.poll(cx) else {
            *this.stage = Stage::Running(held);
            return Poll::Pending;
        };
        held.end(&outcome, &*this.classify);
        Poll::Ready(Ok(outcome))
    }
}

impl<F, C> fmt::Debug for Guarded<'_, F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded")
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

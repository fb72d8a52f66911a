//! A future under a policy, where the pipeline has it.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

pin_project_lite::pin_project! {
    /// A future under a policy, or as it is.
    #[project = OptionalProjection]
    #[must_use = "futures do nothing unless they are awaited"]
    pub(in crate::integrations::tower) enum Optional<G, F> {
        Guarded {
            #[pin]
            future: G,
        },
        Bare {
            #[pin]
            future: F,
        },
    }
}

impl<G, F> Optional<G, F> {
    /// Puts the future under the policy, if there is one.
    pub(super) fn new<P>(policy: Option<&P>, future: F, guard: impl FnOnce(&P, F) -> G) -> Self {
        match policy {
            Some(policy) => Self::Guarded {
                future: guard(policy, future),
            },
            None => Self::Bare { future },
        }
    }
}

impl<G, F> Future for Optional<G, F>
where
    G: Future,
    F: Future<Output = G::Output>,
{
    type Output = G::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            OptionalProjection::Guarded { future } => future.poll(cx),
            OptionalProjection::Bare { future } => future.poll(cx),
        }
    }
}

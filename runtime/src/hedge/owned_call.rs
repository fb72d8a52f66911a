//! A call of a hedge, as a future that holds the hedge.

use super::{
    attempts::MakeAttempts, handle::Hedge, inner::HedgeInner, run::Hedged, view::AnyError,
};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

pin_project_lite::pin_project! {
    /// A call whose first attempt is made when it is polled first.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct OwnedCall<M, F, E> {
        #[pin]
        state: State<M, F, E>,
    }
}

pin_project_lite::pin_project! {
    #[project = StateProjection]
    enum State<M, F, E> {
        // Taken by the first poll.
        Waiting { parts: Option<(Hedge, M)> },
        Running {
            #[pin]
            attempts: Hedged<Arc<HedgeInner>, M, F, E, AnyError>,
        },
    }
}

impl<M, F, E> OwnedCall<M, F, E> {
    pub(super) fn new(hedge: Hedge, make: M) -> Self {
        Self {
            state: State::Waiting {
                parts: Some((hedge, make)),
            },
        }
    }
}

impl<M, F, T, E> Future for OwnedCall<M, F, E>
where
    M: MakeAttempts<F>,
    F: Future<Output = Result<T, E>>,
    E: 'static,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Running { attempts } => return attempts.poll(cx),
                StateProjection::Waiting { parts } => {
                    let Some((Hedge(inner), make)) = parts.take() else {
                        unreachable!("polled after a panic of what makes the attempts")
                    };
                    let attempts = Hedged::new(inner, make, AnyError);
                    state.set(State::Running { attempts });
                }
            }
        }
    }
}

impl<M, F, E> fmt::Debug for OwnedCall<M, F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedCall").finish_non_exhaustive()
    }
}

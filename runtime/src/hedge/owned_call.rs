//! A call of a hedge, as a future that holds the hedge.

use super::{
    attempts::MakeAttempts, handle::Hedge, inner::HedgeInner, run::Hedged, view::AttemptView,
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
    pub struct OwnedCall<M, F, E, V> {
        #[pin]
        state: State<M, F, E, V>,
    }
}

pin_project_lite::pin_project! {
    #[project = StateProjection]
    enum State<M, F, E, V> {
        // Taken by the first poll.
        Waiting { parts: Option<(Hedge, M, V)> },
        Running {
            #[pin]
            attempts: Hedged<Arc<HedgeInner>, M, F, E, V>,
        },
    }
}

impl<M, F, E, V> OwnedCall<M, F, E, V> {
    pub(super) fn new(hedge: Hedge, make: M, view: V) -> Self {
        Self {
            state: State::Waiting {
                parts: Some((hedge, make, view)),
            },
        }
    }
}

impl<M, F, T, E, V> Future for OwnedCall<M, F, E, V>
where
    M: MakeAttempts<F>,
    F: Future<Output = Result<T, E>>,
    V: AttemptView<E>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Running { attempts } => return attempts.poll(cx),
                StateProjection::Waiting { parts } => {
                    let Some((Hedge(inner), make, view)) = parts.take() else {
                        unreachable!("polled after a panic of what makes the attempts")
                    };
                    let attempts = Hedged::new(inner, make, view);
                    state.set(State::Running { attempts });
                }
            }
        }
    }
}

impl<M, F, E, V> fmt::Debug for OwnedCall<M, F, E, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedCall").finish_non_exhaustive()
    }
}

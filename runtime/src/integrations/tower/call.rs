//! One call of a service, as a future that begins it.

use std::{
    error::Error,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower_service::Service;

/// The error of every layer.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Takes the service that was polled ready, which is the one to call: a clone, which is left in its
/// place, may not be.
pub(super) fn take_ready<S: Clone>(inner: &mut S) -> S {
    let clone = inner.clone();
    mem::replace(inner, clone)
}

pin_project_lite::pin_project! {
    /// One call of a service. It begins when this is polled first, so that a guard around it can
    /// reject the call before: a service that was ready is called then, and a clone of one, for a
    /// further attempt, is polled until it is ready.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Call<S, R>
    where
        S: Service<R>,
    {
        #[pin]
        state: State<S, R>,
    }
}

pin_project_lite::pin_project! {
    #[project = StateProjection]
    enum State<S, R>
    where
        S: Service<R>,
    {
        // Taken by the call.
        Ready { parts: Option<(S, R)> },
        // As `Ready`, before the service is.
        Unready { parts: Option<(S, R)> },
        Called {
            #[pin]
            future: S::Future,
        },
    }
}

impl<S: Service<R>, R> Call<S, R> {
    pub(super) fn new(service: S, request: R) -> Self {
        Self {
            state: State::Ready {
                parts: Some((service, request)),
            },
        }
    }

    /// Makes a call of a service that is polled ready inside of it.
    pub(super) fn unready(service: S, request: R) -> Self {
        Self {
            state: State::Unready {
                parts: Some((service, request)),
            },
        }
    }

    /// Returns the request, until the service is called.
    #[cfg(feature = "http-1")]
    pub(super) fn waiting(self: Pin<&mut Self>) -> Option<&mut R> {
        match self.project().state.project() {
            StateProjection::Ready { parts } | StateProjection::Unready { parts } => {
                parts.as_mut().map(|(_, request)| request)
            }
            StateProjection::Called { .. } => None,
        }
    }
}

impl<S, R> Future for Call<S, R>
where
    S: Service<R>,
    S::Error: Into<BoxError>,
{
    type Output = Result<S::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Ready { parts } => {
                    let Some((mut service, request)) = parts.take() else {
                        unreachable!("polled after a panic of the service")
                    };
                    let future = service.call(request);
                    state.set(State::Called { future });
                }
                StateProjection::Unready { parts } => {
                    if let Some((service, _)) = parts {
                        ready!(service.poll_ready(cx)).map_err(Into::into)?;
                    }
                    let parts = parts.take();
                    state.set(State::Ready { parts });
                }
                StateProjection::Called { future } => {
                    return Poll::Ready(ready!(future.poll(cx)).map_err(Into::into));
                }
            }
        }
    }
}

impl<S: Service<R>, R> fmt::Debug for Call<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

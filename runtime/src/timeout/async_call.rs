//! A call under a timeout that the future holds, for services whose futures borrow nothing.

use super::handle::Timeout;
use crate::{call::Limited, error::CarriesRejection};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project_lite::pin_project! {
    /// A call whose limit begins when it is polled first. It boxes nothing.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct OwnedLimit<F> {
        timeout: Timeout,
        #[pin]
        state: State<F>,
    }
}

pin_project_lite::pin_project! {
    #[project = StateProjection]
    enum State<F> {
        // Taken by the first poll.
        Waiting { call: Option<F> },
        Limited {
            #[pin]
            call: Limited<F>,
        },
    }
}

impl<F> OwnedLimit<F> {
    pub(super) fn new(timeout: Timeout, call: F) -> Self {
        Self {
            timeout,
            state: State::Waiting { call: Some(call) },
        }
    }
}

impl<T, E, F> Future for OwnedLimit<F>
where
    E: CarriesRejection,
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let granted = match this.state.as_mut().project() {
                StateProjection::Limited { call } => {
                    return Poll::Ready(match ready!(call.poll(cx)) {
                        Some(outcome) => outcome,
                        None => this.timeout.rejection().into_result(),
                    });
                }
                StateProjection::Waiting { call } => {
                    let Some(call) = call.take() else {
                        unreachable!("polled after the rejection")
                    };
                    match this.timeout.granted() {
                        Ok(granted) => granted.limit(call),
                        Err(rejection) => return Poll::Ready(rejection.into_result()),
                    }
                }
            };
            this.state.set(State::Limited { call: granted });
        }
    }
}

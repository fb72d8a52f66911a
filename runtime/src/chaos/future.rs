//! Futures of operations with an injected fault ahead of them.

use super::{fault::Fault, rules::Drawn};
use crate::time::SharedClock;
use std::{
    future::pending,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// A delay, a hang or a panic. Boxed: calls get one seldom, and it would make the future of each
/// larger.
pub(super) type Delay = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// Makes what is awaited in place of an operation, or before it.
#[cold]
pub(super) fn delay(drawn: Drawn, clock: SharedClock) -> Delay {
    Box::pin(async move {
        match drawn.fault {
            Fault::Latency(delay) => clock.sleep_async(delay).await,
            Fault::Panic => drawn.panic(),
            Fault::Hang | Fault::Error(_) => pending().await,
        }
    })
}

pin_project_lite::pin_project! {
    /// The future of an operation that may have a fault ahead.
    #[doc(hidden)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct After<F> {
        ahead: Option<Delay>,
        #[pin]
        operation: F,
    }
}

impl<F> After<F> {
    #[inline]
    pub(super) fn new(ahead: Option<Delay>, operation: F) -> Self {
        Self { ahead, operation }
    }

    #[inline]
    pub(super) fn put(self: Pin<&mut Self>, ahead: Option<Delay>) {
        *self.project().ahead = ahead;
    }
}

impl<F: Future> Future for After<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Some(ahead) = this.ahead {
            ready!(ahead.as_mut().poll(cx));
            *this.ahead = None;
        }
        this.operation.poll(cx)
    }
}

pin_project_lite::pin_project! {
    /// As [`After`], where an injected error stands in place of the operation.
    #[doc(hidden)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Faulty<F, E> {
        error: Option<E>,
        #[pin]
        operation: Option<After<F>>,
    }
}

impl<F, E> Faulty<F, E> {
    #[inline]
    pub(super) fn new(operation: After<F>) -> Self {
        Self {
            error: None,
            operation: Some(operation),
        }
    }

    #[cold]
    pub(super) fn failed(error: E) -> Self {
        Self {
            error: Some(error),
            operation: None,
        }
    }
}

impl<T, E, F: Future<Output = Result<T, E>>> Future for Faulty<F, E> {
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let this = self.project();
        match this.operation.as_pin_mut() {
            Some(operation) => operation.poll(cx),
            None => match this.error.take() {
                Some(error) => Poll::Ready(Err(error)),
                None => Poll::Pending,
            },
        }
    }
}

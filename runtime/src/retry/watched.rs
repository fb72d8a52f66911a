//! An asynchronous attempt whose rejection is told apart from those of other tasks.

use crate::error::note;
use std::{
    pin::Pin,
    task::{Context, Poll},
};

pin_project_lite::pin_project! {
    /// An attempt that forgets, each time that it goes on, which rejections were made on the thread meanwhile. So what
    /// is noted when it is ready is its own.
    ///
    /// As large as the future inside.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Watched<F> {
        #[pin]
        attempt: F,
    }
}

/// Wraps an attempt.
#[inline]
pub fn watched<F: Future>(attempt: F) -> Watched<F> {
    Watched { attempt }
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        note::forget();
        self.project().attempt.poll(cx)
    }
}

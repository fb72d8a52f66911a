//! Asynchronous call under a timeout.

use super::handle::Timeout;
use crate::{
    call::Limited,
    chaos::{self, After, Ahead},
    error::Rejection,
};
use std::{
    borrow::Borrow,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

pin_project_lite::pin_project! {
    /// A future whose limit begins when it is polled first. It boxes nothing.
    #[doc(hidden)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Timed<L, F> {
        // The timeout, or a reference to it.
        timeout: L,
        #[pin]
        call: Limited<After<F>>,
    }
}

impl<L, F> Timed<L, F> {
    #[inline]
    pub(super) fn new(timeout: L, future: F) -> Self {
        Self {
            timeout,
            call: Limited::new(Ahead::default().before(future)),
        }
    }
}

impl<L: Borrow<Timeout>, F: Future> Future for Timed<L, F> {
    type Output = Result<F::Output, Rejection>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let timeout: &Timeout = (*this.timeout).borrow();
        let polled = this.call.as_mut().poll_granted(
            cx,
            |future| {
                let granted = timeout.granted()?;
                chaos::put_ahead(future, timeout.inject()?);
                Ok(granted)
            },
            || timeout.rejection(),
        );
        if polled.is_ready() {
            timeout.note_call(this.call.elapsed());
        }
        polled
    }
}

impl<L: fmt::Debug, F> fmt::Debug for Timed<L, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timed")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

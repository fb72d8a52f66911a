//! Async attempts in their frames.

use super::Run;
use crate::call::{EnteredAttempt, Frame, Framed};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

pin_project_lite::pin_project! {
    /// An attempt whose frame is current during each poll.
    #[derive(Debug)]
    #[doc(hidden)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Watched<'a, 'r, F> {
        pub(super) run: &'a mut Run<'r>,
        #[pin]
        pub(super) attempt: F,
    }
}

impl<F: Future> Future for Watched<'_, '_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.run.enter();
        this.attempt.poll(cx)
    }
}

/// The frame of the attempt under way, for a guard that is the whole of the attempt.
#[derive(Debug)]
#[doc(hidden)]
pub struct AttemptFrame<'a, 'r>(pub(super) &'a mut Run<'r>);

impl Framed for AttemptFrame<'_, '_> {
    type Entered<'a>
        = EnteredAttempt<'a>
    where
        Self: 'a;

    #[inline]
    fn enter(&mut self) -> EnteredAttempt<'_> {
        self.0.enter()
    }

    #[inline]
    fn frame(&mut self) -> &mut Frame {
        &mut self.0.frame
    }

    /// The run ends it, when it decides what comes next.
    #[inline]
    fn end(&mut self, _: bool) {}
}

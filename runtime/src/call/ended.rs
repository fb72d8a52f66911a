//! Why a guard ends a call before it is done.

use super::current::CURRENT;
use std::cell::Cell;
#[cfg(feature = "async")]
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// Why a guard of ours drops the future of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The call used up a limit that was its own.
    TimedOut,
    /// What was left of a deadline further out was too little to tell anything about the callee.
    Cut,
}

/// Holds for what runs on this thread, until it is dropped.
struct Ending(Option<Ended>);

impl Ending {
    fn begin(why: Ended) -> Self {
        Self(CURRENT.with(|current| current.ended.replace(Some(why))))
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        CURRENT.with(|current| current.ended.set(self.0));
    }
}

/// Returns why the future that is being dropped is dropped, where a guard of ours does so.
pub(crate) fn ended() -> Option<Ended> {
    CURRENT.try_with(|current| Cell::get(&current.ended)).ok().flatten()
}

#[cfg(feature = "async")]
pin_project_lite::pin_project! {
    /// A future that is dropped when another one is ready first.
    #[must_use = "futures do nothing unless they are awaited"]
    pub(crate) struct EndedBy<F, T> {
        why: Ended,
        #[pin]
        future: Option<F>,
        #[pin]
        end: T,
    }
}

/// Ends a future when `end` is ready; the breakers inside learn `why`. `None` is the output of one that was ended.
#[cfg(feature = "async")]
pub(crate) fn ended_by<F: Future, T: Future<Output = ()>>(future: F, end: T, why: Ended) -> EndedBy<F, T> {
    EndedBy { why, future: Some(future), end }
}

#[cfg(feature = "async")]
impl<F: Future, T: Future<Output = ()>> Future for EndedBy<F, T> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(future) = this.future.as_mut().as_pin_mut()
            && let Poll::Ready(output) = future.poll(cx)
        {
            return Poll::Ready(Some(output));
        }
        if this.end.poll(cx).is_pending() {
            return Poll::Pending;
        }
        let _ending = Ending::begin(*this.why);
        this.future.set(None);
        Poll::Ready(None)
    }
}

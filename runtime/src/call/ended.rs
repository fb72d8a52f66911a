//! Why a guard ends a call before it is done.

use super::current::CURRENT;
#[cfg(feature = "async")]
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// Who ended a call before it was done, and so what that shows about its callee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndedBy {
    /// Code that is not ours dropped it. A failure where it had been pending for `abandoned_after`
    /// and no other call had succeeded meanwhile, else nothing.
    Caller,
    /// A time limit of ours that was its own, or at least half of it: a failure, however short.
    TimedOut,
    /// A deadline that it inherited left it less time than it was granted: nothing.
    CutShort,
}

/// Holds for what runs on this thread, until it is dropped.
struct Ending(EndedBy);

impl Ending {
    fn begin(why: EndedBy) -> Self {
        Self(CURRENT.with(|current| current.ended_by.replace(why)))
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        CURRENT.with(|current| current.ended_by.set(self.0));
    }
}

/// Runs what drops a future, on behalf of a guard.
pub(crate) fn ending<R>(why: EndedBy, drop: impl FnOnce() -> R) -> R {
    let _ending = Ending::begin(why);
    drop()
}

/// Returns who drops the future that is being dropped.
pub(crate) fn ended_by() -> EndedBy {
    CURRENT
        .try_with(|current| current.ended_by.get())
        .unwrap_or(EndedBy::Caller)
}

#[cfg(feature = "async")]
pin_project_lite::pin_project! {
    /// A future that is dropped when another one is ready first.
    #[must_use = "futures do nothing unless they are awaited"]
    pub(crate) struct Ended<F, T> {
        why: EndedBy,
        #[pin]
        future: Option<F>,
        #[pin]
        end: T,
    }
}

/// Ends a future when `end` is ready; the breakers inside learn `why`. `None` is the output of one
/// that was ended.
#[cfg(feature = "async")]
pub(crate) fn end_by<F: Future, T: Future<Output = ()>>(
    future: F,
    end: T,
    why: EndedBy,
) -> Ended<F, T> {
    Ended {
        why,
        future: Some(future),
        end,
    }
}

#[cfg(feature = "async")]
impl<F: Future, T: Future<Output = ()>> Future for Ended<F, T> {
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
        ending(*this.why, || this.future.set(None));
        Poll::Ready(None)
    }
}

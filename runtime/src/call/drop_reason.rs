//! Reason for which a guard drops a future before it is ready.

use std::cell::Cell;
#[cfg(feature = "async")]
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// Why a call was dropped before it ended, and so what that shows about its callee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DropReason {
    /// The caller dropped it. A failure if it was pending for `abandoned_after` and no other call
    /// succeeded meanwhile, else nothing.
    Caller,
    /// Its own time limit was over, or at least half of it: a failure, however short.
    TimedOut,
    /// An inherited deadline left it less time than it was granted: nothing.
    CutShort,
}

thread_local! {
    /// The reason for which the present future is dropped.
    static REASON: Cell<DropReason> = const { Cell::new(DropReason::Caller) };
}

/// The reason that applied before; it applies again when this is dropped.
struct Outer(DropReason);

impl Drop for Outer {
    fn drop(&mut self) {
        REASON.set(self.0);
    }
}

/// Runs the drop of a future for a reason.
pub(crate) fn drop_for<R>(reason: DropReason, drop: impl FnOnce() -> R) -> R {
    let _outer = Outer(REASON.replace(reason));
    drop()
}

/// Returns the reason for which the present future is dropped.
pub(crate) fn drop_reason() -> DropReason {
    REASON.try_with(Cell::get).unwrap_or(DropReason::Caller)
}

#[cfg(feature = "async")]
pin_project_lite::pin_project! {
    /// A future that is dropped when another one is ready first.
    #[must_use = "futures do nothing unless they are awaited"]
    pub(crate) struct DropWhen<F, T> {
        reason: DropReason,
        #[pin]
        future: Option<F>,
        #[pin]
        end: T,
    }
}

/// Drops a future when `end` is ready, for a reason that the breakers inside read. The output is
/// `None` if it was dropped.
#[cfg(feature = "async")]
pub(crate) fn drop_when<F: Future, T: Future<Output = ()>>(
    future: F,
    end: T,
    reason: DropReason,
) -> DropWhen<F, T> {
    DropWhen {
        reason,
        future: Some(future),
        end,
    }
}

#[cfg(feature = "async")]
impl<F: Future, T: Future<Output = ()>> Future for DropWhen<F, T> {
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
        drop_for(*this.reason, || this.future.set(None));
        Poll::Ready(None)
    }
}

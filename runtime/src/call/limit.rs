//! Time limit of a call: what a guard grants, and the future that ends at it.

use super::{deadline::Deadline, drop_reason::DropReason, remaining};
#[cfg(feature = "async")]
use super::{deadline::EnteredDeadline, drop_reason::drop_for};
use crate::time::{SharedClock, Tick};
use std::time::Duration;
#[cfg(feature = "async")]
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// The time that a guard grants a call: its own limit, or what remains until the deadline around it
/// if that is less.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) deadline: Deadline,
    pub(crate) time: Duration,
    /// What the drop of a call shows that took longer.
    pub(crate) reason: DropReason,
}

impl Granted {
    /// Returns what is granted at `now` of the `own` limit of a guard, which is a part of something
    /// that has `whole` left; zero where that or the deadline around the call has passed.
    pub(crate) fn at(now: Tick, own: Duration, whole: Duration, clock: SharedClock) -> Self {
        let time = remaining().map_or(own, |rest| rest.min(own)).min(whole);
        // A call that was cut off before half of its limit shows nothing about the callee.
        let reason = if time >= own / 2 {
            DropReason::TimedOut
        } else {
            DropReason::CutShort
        };
        Self {
            deadline: Deadline::new(now.after(time), clock),
            time,
            reason,
        }
    }

    /// Ends a future when the granted time is over.
    #[cfg(feature = "async")]
    pub(crate) fn limit<F: Future>(self, future: F) -> Limited<F> {
        Limited {
            future: Some(future),
            timer: None,
            deadline: self.deadline,
            reason: self.reason,
        }
    }
}

/// The timer of a future that runs in one task with it: it fires although the future used up what
/// tokio lets a task do in one poll.
#[cfg(feature = "async")]
type Timer = tokio::task::Unconstrained<tokio::time::Sleep>;

#[cfg(feature = "async")]
pin_project_lite::pin_project! {
    /// A future that is dropped at its deadline, which is the deadline of the call during each poll.
    ///
    /// The future is polled before the timer, which is made when the future is first pending: one
    /// that is ready at once needs none, and an output is never discarded.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Limited<F> {
        #[pin]
        future: Option<F>,
        #[pin]
        timer: Option<Timer>,
        deadline: Deadline,
        reason: DropReason,
    }
}

#[cfg(feature = "async")]
impl<F: Future> Future for Limited<F> {
    /// `None` if the future was dropped.
    type Output = Option<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(future) = this.future.as_mut().as_pin_mut() {
            let _entered = EnteredDeadline::enter(this.deadline.clone());
            if let Poll::Ready(output) = future.poll(cx) {
                return Poll::Ready(Some(output));
            }
        }
        if this.timer.is_none() {
            let sleep = tokio::time::sleep(this.deadline.remaining());
            this.timer.set(Some(tokio::task::unconstrained(sleep)));
        }
        let is_over = match this.timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(cx).is_ready(),
            None => false,
        };
        if !is_over {
            return Poll::Pending;
        }
        drop_for(*this.reason, || this.future.set(None));
        Poll::Ready(None)
    }
}

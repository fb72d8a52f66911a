//! Waits that do not block the thread.

use super::{
    held::{self, Answer, Held},
    inner::{Inner, Reason},
    ticket::Ticket,
};
use crate::error::Rejection;
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Sleep;

/// The wait for a slot; four words. A call that gets one at once makes neither a timer nor a place
/// in the queue.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub(super) struct Acquire<'a> {
    inner: &'a Arc<Inner>,
    // Boxed, because waiting is slow anyway, and a timer in place would make the future of every
    // caller larger.
    waiting: Option<Pin<Box<Waiting<'a>>>>,
}

pin_project_lite::pin_project! {
    #[derive(Debug)]
    struct Waiting<'a> {
        ticket: Option<Ticket<'a>>,
        #[pin]
        timer: Sleep,
    }
}

impl<'a> Acquire<'a> {
    #[inline]
    pub(super) fn new(inner: &'a Arc<Inner>) -> Self {
        Self {
            inner,
            waiting: None,
        }
    }

    #[inline]
    fn start(&mut self, cx: &mut Context<'_>) -> Poll<Result<Held<'a>, Reason>> {
        match held::enter(self.inner, || cx.waker().clone()) {
            Answer::Admitted(held) => Poll::Ready(Ok(held)),
            Answer::Rejected(reason) => Poll::Ready(Err(reason)),
            Answer::Queued(ticket, limit) => self.wait(ticket, limit, cx),
        }
    }

    #[cold]
    fn wait(
        &mut self,
        ticket: Ticket<'a>,
        limit: Duration,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Held<'a>, Reason>> {
        if self.inner.clock().try_sleep_at_once(limit) {
            return Poll::Ready(ticket.finish().ok_or(Reason::TimedOut));
        }
        let waiting = self.waiting.insert(Box::pin(Waiting {
            ticket: Some(ticket),
            timer: tokio::time::sleep(limit),
        }));
        waiting.as_mut().poll(cx)
    }
}

impl<'a> Future for Acquire<'a> {
    type Output = Result<Held<'a>, Rejection>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = match &mut self.waiting {
            None => self.start(cx),
            Some(waiting) => waiting.as_mut().poll(cx),
        };
        polled.map(|answer| answer.map_err(|reason| self.inner.reject(reason)))
    }
}

impl<'a> Future for Waiting<'a> {
    type Output = Result<Held<'a>, Reason>;

    /// A slot that is granted in the moment in which the time is over is taken.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(ticket) = this.ticket else {
            return Poll::Ready(Err(Reason::TimedOut));
        };
        if let Poll::Ready(held) = ticket.poll(cx.waker()) {
            *this.ticket = None;
            return Poll::Ready(held.ok_or(Reason::TimedOut));
        }
        if this.timer.poll(cx).is_pending() {
            return Poll::Pending;
        }
        let held = this.ticket.take().and_then(Ticket::finish);
        Poll::Ready(held.ok_or(Reason::TimedOut))
    }
}

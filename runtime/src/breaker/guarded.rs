//! An asynchronous call under a breaker.

use super::{
    admitted::settle,
    judge::Judge,
    shared::{Shared, Ticket},
};
use crate::time::Tick;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

pin_project_lite::pin_project! {
    /// A future that was admitted, and reports what becomes of it: its outcome, a panic, or that it was dropped.
    ///
    /// It boxes nothing and adds a few words to the future inside. A future that is ready at once reads no clock.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Guarded<'a, F, J> {
        #[pin]
        inner: F,
        judge: J,
        shared: &'a Shared,
        // Taken by the verdict.
        ticket: Option<Ticket>,
        // When the inner future was first seen pending; `Tick::MAX` before that.
        pending_since: Tick,
    }

    impl<F, J> PinnedDrop for Guarded<'_, F, J> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(ticket) = this.ticket.take() {
                if *this.pending_since == Tick::MAX {
                    this.shared.release(ticket);
                } else {
                    this.shared.drop_pending(ticket, *this.pending_since);
                }
            }
        }
    }
}

impl<'a, F, J> Guarded<'a, F, J> {
    pub(super) fn new(shared: &'a Shared, ticket: Ticket, judge: J, inner: F) -> Self {
        Self { inner, judge, shared, ticket: Some(ticket), pending_since: Tick::MAX }
    }
}

impl<F: Future, J: Judge<F::Output>> Future for Guarded<'_, F, J> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let on_panic = OnPollPanic { shared: this.shared, ticket: this.ticket };
        let polled = this.inner.poll(cx);
        if polled.is_pending() && *this.pending_since == Tick::MAX {
            *this.pending_since = this.shared.clock.now();
        }
        let Poll::Ready(outcome) = polled else {
            std::mem::forget(on_panic);
            return Poll::Pending;
        };
        let verdict = this.judge.verdict(&outcome);
        let ticket = on_panic.ticket.take();
        std::mem::forget(on_panic);
        if let Some(ticket) = ticket {
            settle(this.shared, ticket, verdict, &*this.judge, &outcome);
        }
        Poll::Ready(outcome)
    }
}

/// Counts a panic of the inner future, or of the judge, as a failure.
struct OnPollPanic<'a> {
    shared: &'a Shared,
    ticket: &'a mut Option<Ticket>,
}

impl Drop for OnPollPanic<'_> {
    #[cold]
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.shared.fail_by_panic(ticket);
        }
    }
}

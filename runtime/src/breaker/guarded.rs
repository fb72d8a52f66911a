//! An asynchronous call under a breaker.

use super::{admitted::settle, judge::Judge, shared::Shared, ticket::Ticket};
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
        // Taken by the verdict.
        shared: Option<&'a Shared>,
        // With the note when the inner future was first seen pending.
        ticket: Ticket,
    }

    impl<F, J> PinnedDrop for Guarded<'_, F, J> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(shared) = this.shared.take() {
                match this.ticket.take_pending() {
                    (ticket, None) => {
                        shared.release(ticket);
                    }
                    (ticket, Some(since)) => shared.drop_pending(ticket, since),
                }
            }
        }
    }
}

impl<'a, F, J> Guarded<'a, F, J> {
    pub(super) fn new(shared: &'a Shared, ticket: Ticket, judge: J, inner: F) -> Self {
        Self { inner, judge, shared: Some(shared), ticket }
    }
}

impl<F: Future, J: Judge<F::Output>> Future for Guarded<'_, F, J> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let on_panic = OnPollPanic { shared: this.shared, ticket: *this.ticket };
        let Poll::Ready(outcome) = this.inner.poll(cx) else {
            if let Some(shared) = on_panic.shared {
                this.ticket.note_pending(|| shared.clock.now());
            }
            std::mem::forget(on_panic);
            return Poll::Pending;
        };
        let verdict = this.judge.verdict(&outcome);
        let shared = on_panic.shared.take();
        std::mem::forget(on_panic);
        if let Some(shared) = shared {
            settle(shared, this.ticket.take_pending().0, verdict, &*this.judge, &outcome);
        }
        Poll::Ready(outcome)
    }
}

/// Counts a panic of the inner future, or of the judge, as a failure.
struct OnPollPanic<'p, 'a> {
    shared: &'p mut Option<&'a Shared>,
    ticket: Ticket,
}

impl Drop for OnPollPanic<'_, '_> {
    #[cold]
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            shared.fail_by_panic(self.ticket.take_pending().0);
        }
    }
}

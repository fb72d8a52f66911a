//! An asynchronous call under a breaker.

use super::{
    admitted::settle, classifier::Classifier, permit::fail_by_panic, shared::Shared, ticket::Ticket,
};
use crate::{
    call::{self, Frame, Framed, Since},
    classify::Verdict,
};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

pin_project_lite::pin_project! {
    /// A future that was admitted, and reports what becomes of it: its outcome, a panic, or that it
    /// was dropped.
    ///
    /// It boxes nothing and adds a few words to the future inside. A future that is ready at once
    /// reads no clock.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Guarded<'a, F, J, P: Framed = Frame> {
        #[pin]
        inner: F,
        classifier: J,
        // Taken by the verdict.
        shared: Option<&'a Shared>,
        // With the note when the inner future was first seen pending.
        ticket: Ticket,
        place: P,
    }

    impl<F, J, P: Framed> PinnedDrop for Guarded<'_, F, J, P> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(shared) = this.shared.take() {
                if inside(this.place.frame(), shared).recorded {
                    shared.release(*this.ticket);
                } else if shared.drop_future(*this.ticket, call::ended_by()) {
                    call::record_outcome(shared.address());
                }
            }
        }
    }
}

impl<'a, F, J, P: Framed> Guarded<'a, F, J, P> {
    pub(super) fn new(
        shared: &'a Shared,
        ticket: Ticket,
        classifier: J,
        inner: F,
        place: P,
    ) -> Self {
        Self {
            inner,
            classifier,
            shared: Some(shared),
            ticket,
            place,
        }
    }
}

impl<T, E, F, J, P> Future for Guarded<'_, F, J, P>
where
    F: Future<Output = Result<T, E>>,
    J: Classifier<Result<T, E>>,
    P: Framed,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let on_panic = OnPollPanic {
            shared: this.shared,
            ticket: *this.ticket,
            place: this.place,
        };
        let polled = {
            let _entered = on_panic.place.enter();
            let _held = match on_panic.shared {
                Some(shared) if on_panic.ticket.is_probe() => {
                    shared.hold_slot(on_panic.ticket, Some(call::current_frame()))
                }
                _ => None,
            };
            this.inner.poll(cx)
        };
        let Poll::Ready(outcome) = polled else {
            if let Some(shared) = on_panic.shared {
                shared.note_pending(this.ticket);
            }
            std::mem::forget(on_panic);
            return Poll::Pending;
        };
        let verdict = this.classifier.verdict(&outcome);
        let shared = on_panic.shared.take();
        std::mem::forget(on_panic);
        if let Some(shared) = shared {
            let ticket = shared.take_pending(*this.ticket).0;
            if verdict != Verdict::Success || !shared.succeed_at_once(ticket) {
                let inside = inside(this.place.frame(), shared);
                settle(shared, ticket, verdict, &*this.classifier, &outcome, inside);
            }
            this.place.end(outcome.is_ok());
        }
        Poll::Ready(outcome)
    }
}

/// What happened inside of a call, as far as it concerns its breaker.
fn inside(frame: &mut Frame, shared: &Shared) -> Since {
    let Some(inside) = frame.inside() else {
        return Since::default();
    };
    Since {
        rejected: inside.rejection().is_some(),
        recorded: inside.has_recorded(shared.address()),
    }
}

/// Counts a panic of the inner future, or of the classifier, as a failure.
struct OnPollPanic<'p, 'a, P: Framed> {
    shared: &'p mut Option<&'a Shared>,
    ticket: Ticket,
    place: &'p mut P,
}

impl<P: Framed> Drop for OnPollPanic<'_, '_, P> {
    #[cold]
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            let inside = inside(self.place.frame(), shared);
            fail_by_panic(shared, shared.take_pending(self.ticket).0, inside);
        }
    }
}

#[cfg(all(test, not(loom)))]
#[expect(clippy::unwrap_used, reason = "a test that finds nothing has failed")]
mod tests {
    use super::*;
    use crate::call::EndedBy;
    use crate::{
        AppError,
        breaker::{CircuitBreaker, Counts, ErrorClassifier},
        time::ManualClock,
    };
    use std::{future::pending, task::Waker, time::Duration};

    /// Ends a call that was pending for a minute, on behalf of a guard.
    fn ended_by(ended_by: EndedBy) -> Counts {
        let clock = ManualClock::new();
        let breaker = CircuitBreaker::builder("ended-by")
            .clock(clock.clone())
            .build()
            .unwrap();
        {
            let call = breaker
                .admit()
                .unwrap()
                .guard(ErrorClassifier, pending::<Result<(), AppError>>());
            let mut call = Box::pin(call);
            assert!(
                call.as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_pending()
            );
            clock.advance(Duration::from_secs(60));
            // Somebody else succeeds meanwhile.
            breaker.try_acquire().unwrap().success();
            call::ending(ended_by, || drop(call));
        }
        breaker.snapshot().counts
    }

    #[test]
    fn a_guard_that_ends_a_call_says_what_that_shows() {
        let count = |by| (ended_by(by).failure, ended_by(by).abandoned);
        assert_eq!(count(EndedBy::TimedOut), (1, 0), "whatever others did");
        assert_eq!(count(EndedBy::CutShort), (0, 0));
        assert_eq!(count(EndedBy::Caller), (0, 0), "another call succeeded");
    }
}

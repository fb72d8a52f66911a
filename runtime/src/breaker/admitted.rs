//! A call that was let through and has not begun.

use super::{
    classifier::Classifier,
    handle::CircuitBreaker,
    permit::OnPanic,
    shared::Shared,
    ticket::{Denied, Ticket},
    word,
};
#[cfg(feature = "async")]
use crate::call::{Frame, Framed};
use crate::{
    Rejection,
    call::{self, Mark, Since},
    classify::Verdict,
};

/// The right to make one call, borrowed from the breaker: what [`Permit`](super::Permit) is,
/// without a handle of its own and without a clock, for a call that begins at once.
///
/// Dropped before the call begins it gives its slot back and counts as nothing.
#[must_use = "an admission that is dropped makes no call"]
pub struct Admitted<'a> {
    shared: &'a Shared,
    ticket: Ticket,
}

impl CircuitBreaker {
    /// Runs a function unless the circuit is open, or else what stands in for it; the outcome of
    /// the latter counts for nothing and comes back as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{ErrorClassifier, CircuitBreaker};
    ///
    /// let breaker = CircuitBreaker::builder("call-or-example").build()?;
    /// breaker.force_open();
    /// let price = breaker.call_or(ErrorClassifier, || Err::<u32, _>("not called"), |_rejection| Ok(7));
    /// assert_eq!(price, Ok(7), "the last known one");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[inline]
    pub fn call_or<T, E, J: Classifier<Result<T, E>>>(
        &self,
        classifier: J,
        f: impl FnOnce() -> Result<T, E>,
        reject: impl FnOnce(Rejection) -> Result<T, E>,
    ) -> Result<T, E> {
        let shared = self.shared();
        shared.admit_then(
            |ticket| run(shared, ticket, classifier, f),
            |denied| reject(self.rejection(denied)),
        )
    }

    /// Admits a call, or refuses it.
    ///
    /// # Errors
    ///
    /// [`Refused`], when the call must not be made.
    #[doc(hidden)]
    #[inline]
    pub fn admit(&self) -> Result<Admitted<'_>, Refused<'_>> {
        let shared = self.shared();
        match shared.admit() {
            Ok(ticket) => Ok(Admitted { shared, ticket }),
            Err(denied) => Err(Refused {
                breaker: self,
                denied,
            }),
        }
    }
}

/// What becomes a [`Rejection`]. Plain values, so that an admission beside it in a `Result` stays
/// in registers.
#[derive(Clone, Copy, Debug)]
#[must_use = "a refused call is answered by its rejection"]
pub struct Refused<'a> {
    breaker: &'a CircuitBreaker,
    denied: Denied,
}

impl Refused<'_> {
    /// Makes the rejection.
    #[cold]
    #[must_use]
    pub fn into_rejection(self) -> Rejection {
        self.breaker.rejection(self.denied)
    }
}

impl<'a> Admitted<'a> {
    fn into_parts(self) -> (&'a Shared, Ticket) {
        let parts = (self.shared, self.ticket);
        std::mem::forget(self);
        parts
    }

    /// Makes the call with its arguments, which are the closure's own.
    #[inline]
    pub fn run_with<A, T, E, J: Classifier<Result<T, E>>>(
        self,
        classifier: J,
        arguments: A,
        f: impl FnOnce(A) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run(classifier, || f(arguments))
    }

    /// Makes the call.
    #[inline]
    pub fn run<T, E, J: Classifier<Result<T, E>>>(
        self,
        classifier: J,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let (shared, ticket) = self.into_parts();
        run(shared, ticket, classifier, f)
    }

    /// Makes the future that is the call, and wraps it.
    #[cfg(feature = "async")]
    #[inline]
    pub(super) fn guard_new<F, J>(
        self,
        classifier: J,
        f: impl FnOnce() -> F,
    ) -> super::Guarded<'a, F, J> {
        let (shared, ticket) = self.into_parts();
        let on_panic = OnPanic {
            shared,
            ticket,
            mark: None,
        };
        let inner = f();
        on_panic.defuse();
        super::Guarded::new(shared, ticket, classifier, inner, Frame::new())
    }

    /// Wraps the future that is the call.
    #[cfg(feature = "async")]
    #[inline]
    pub fn guard<F, J>(self, classifier: J, inner: F) -> super::Guarded<'a, F, J> {
        self.guard_in(Frame::new(), classifier, inner)
    }

    /// Wraps the future that is the call, and the whole of what has a frame already.
    #[cfg(feature = "async")]
    #[inline]
    pub fn guard_in<F, J, P: Framed>(
        self,
        place: P,
        classifier: J,
        inner: F,
    ) -> super::Guarded<'a, F, J, P> {
        let (shared, ticket) = self.into_parts();
        super::Guarded::new(shared, ticket, classifier, inner, place)
    }
}

impl Drop for Admitted<'_> {
    #[cold]
    fn drop(&mut self) {
        self.shared.release(self.ticket);
    }
}

/// Makes a call that was let through.
#[inline]
#[expect(
    clippy::needless_pass_by_value,
    reason = "a classifier is a copy or a closure, and ends with its call"
)]
pub(super) fn run<T, E, J: Classifier<Result<T, E>>>(
    shared: &Shared,
    ticket: Ticket,
    classifier: J,
    f: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let on_panic = OnPanic {
        shared,
        ticket,
        mark: Some(call::mark()),
    };
    // Known on the fast path, where nothing is held.
    let held = if word::is_plainly_closed(ticket.word) {
        None
    } else {
        shared.hold_slot(ticket, None)
    };
    let outcome = f();
    drop(held);
    let verdict = classifier.verdict(&outcome);
    let mark = on_panic.defuse();
    // By variants, not as a whole: the function wrote the result in parts, and a copy that reads it
    // whole right after makes the processor wait for longer than all the rest takes.
    match outcome {
        Ok(value) if verdict == Verdict::Success && shared.succeed_at_once(ticket) => Ok(value),
        Ok(value) => settle_since(shared, ticket, verdict, &classifier, Ok(value), mark),
        Err(error) => settle_since(shared, ticket, verdict, &classifier, Err(error), mark),
    }
}

#[cold]
#[inline(never)]
fn settle_since<T, E, J: Classifier<Result<T, E>>>(
    shared: &Shared,
    ticket: Ticket,
    verdict: Verdict,
    classifier: &J,
    outcome: Result<T, E>,
    mark: Option<Mark>,
) -> Result<T, E> {
    let inside = mark.map_or(Since::default(), |mark| call::since(mark, shared.address()));
    settle(shared, ticket, verdict, classifier, &outcome, inside);
    outcome
}

/// Reports a verdict, in view of what happened inside of the call.
#[cold]
#[inline(never)]
pub(super) fn settle<T, E, J: Classifier<Result<T, E>>>(
    shared: &Shared,
    ticket: Ticket,
    verdict: Verdict,
    classifier: &J,
    outcome: &Result<T, E>,
    inside: Since,
) {
    if inside.recorded {
        // The innermost call of a breaker counts.
        shared.release(ticket);
    } else if inside.rejected && outcome.is_err() {
        shared.settle(ticket, Verdict::Ignored, |_| Ok(()));
    } else {
        shared.settle(ticket, verdict, |out| classifier.write_cause(outcome, out));
        if matches!(verdict, Verdict::Success | Verdict::Failure) {
            call::record_outcome(shared.address());
        }
    }
}

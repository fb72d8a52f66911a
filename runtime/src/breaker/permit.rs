//! The right to make one call.

use super::{cause::CauseText, handle::CircuitBreaker, shared::Shared, ticket::Ticket};
use crate::{
    call::{self, EndedBy, Mark, Since},
    classify::Verdict,
    event::Shown,
    time::Tick,
};
use std::fmt;

/// The right to make one call, to be given back with a verdict.
///
/// It belongs to the generation in which it was given: when the breaker has changed its state
/// meanwhile, the verdict changes nothing. Dropped without a verdict it gives its slot back and
/// counts as nothing, unless it is dropped by a panic, or was held for `abandoned_after` or longer
/// while no other call succeeded: then it counts as a failure.
///
/// # Examples
///
/// ```
/// use gardefou::breaker::CircuitBreaker;
///
/// let breaker = CircuitBreaker::builder("permit-example").build()?;
/// let permit = breaker.try_acquire()?;
/// permit.success();
/// drop(breaker.try_acquire()?);
/// assert_eq!(breaker.snapshot().counts.success, 1);
/// # Ok::<(), gardefou::AppError>(())
/// ```
#[must_use = "a permit that is dropped at once says nothing about the call"]
pub struct Permit {
    breaker: CircuitBreaker,
    /// Taken by the verdict.
    ticket: Option<Ticket>,
    since: Tick,
    /// How many calls had succeeded by then.
    successes: u32,
    /// Whether the thread was unwinding already when the permit was given.
    in_panic: bool,
}

impl Permit {
    pub(super) fn new(breaker: CircuitBreaker, ticket: Ticket) -> Self {
        let (since, successes) = (breaker.shared().clock.now(), breaker.shared().successes());
        Self {
            breaker,
            ticket: Some(ticket),
            since,
            successes,
            in_panic: std::thread::panicking(),
        }
    }

    /// Reports that the call did what it is for.
    pub fn success(self) {
        self.record(Verdict::Success);
    }

    /// Reports that the call failed.
    pub fn failure(self) {
        self.record(Verdict::Failure);
    }

    /// Reports that the call failed, with the text that a rejection gives as its cause when this
    /// failure opens the circuit. The text is cut to one line of 159 bytes.
    pub fn failure_because(mut self, cause: impl fmt::Display) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker
                .shared()
                .fail(ticket, CauseText::of(|out| write!(out, "{cause}")));
        }
    }

    /// Reports that the outcome shows nothing about the callee. [`record`](Self::record) takes
    /// [`Verdict::Answered`] for one that shows at least that the callee answers.
    pub fn ignore(self) {
        self.record(Verdict::Ignored);
    }

    /// Reports a verdict.
    pub fn record(mut self, verdict: Verdict) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.shared().settle(ticket, verdict, |_| Ok(()));
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else {
            return;
        };
        if std::thread::panicking() && !self.in_panic {
            self.breaker.shared().fail_by_panic(ticket);
        } else {
            self.breaker
                .shared()
                .drop_pending(ticket, self.since, self.successes, EndedBy::Caller);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("breaker", &Shown(self.breaker.name()))
            .finish_non_exhaustive()
    }
}

/// Counts a panic as a failure while it passes through; forgotten where none does.
pub(super) struct OnPanic<'a> {
    pub(super) shared: &'a Shared,
    pub(super) ticket: Ticket,
    pub(super) mark: Option<Mark>,
}

impl OnPanic<'_> {
    /// Ends the watch: no panic passed through.
    #[inline]
    pub(super) fn defuse(self) -> Option<Mark> {
        let mark = self.mark;
        std::mem::forget(self);
        mark
    }
}

impl Drop for OnPanic<'_> {
    // In line and by value, so that what is watched stays in registers.
    #[inline]
    fn drop(&mut self) {
        fail_by_panic_since(self.shared, self.ticket, self.mark);
    }
}

#[cold]
#[inline(never)]
fn fail_by_panic_since(shared: &Shared, ticket: Ticket, mark: Option<Mark>) {
    let inside = mark.map_or(Since::default(), |mark| call::since(mark, shared.address()));
    fail_by_panic(shared, ticket, inside);
}

/// Counts a panic, unless a call of the same breaker further in did.
#[cold]
pub(super) fn fail_by_panic(shared: &Shared, ticket: Ticket, inside: Since) {
    if inside.recorded {
        shared.release(ticket);
    } else {
        shared.fail_by_panic(ticket);
        call::record_outcome(shared.address());
    }
}

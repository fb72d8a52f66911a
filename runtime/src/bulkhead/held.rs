//! A slot that is held: the right to one call that borrows its bulkhead.

use super::{
    admission::Admission,
    aimd::Signal,
    inner::{Entered, Inner, Reason},
    ticket::Ticket,
};
#[cfg(feature = "async")]
use crate::chaos::Ahead;
use crate::{
    call, chaos,
    classify::Classified,
    error::{Class, Policy, Rejection, View},
    time::SharedClock,
};
use std::{task::Waker, time::Duration};

/// A slot, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Held<'a> {
    inner: &'a Inner,
    admission: Admission,
}

impl<'a> Held<'a> {
    /// Wraps a slot that was taken.
    #[inline]
    pub(super) fn new(inner: &'a Inner) -> Self {
        let (admission, is_timed) = inner.admission();
        let held = Self { inner, admission };
        if is_timed { held.start() } else { held }
    }

    /// Begins to time the call. A clock that panics gives the slot back.
    #[inline(never)]
    fn start(mut self) -> Self {
        self.admission = self.admission.started_at(self.inner.clock().now());
        self
    }

    #[inline]
    pub(super) fn try_take(inner: &'a Inner) -> Option<Self> {
        inner.try_enter().then(|| Self::new(inner))
    }

    /// Injects the fault of a blocking call, if it gets one.
    #[inline]
    pub(super) fn inject_blocking(self) -> Result<Self, Rejection> {
        let inner = self.inner;
        match chaos::blocking(Some(Policy::Bulkhead), &inner.name, &inner.clock) {
            Ok(()) => Ok(self),
            Err(injected) => Err(self.fail(injected)),
        }
    }

    /// Draws the fault of an async call, if it gets one.
    #[cfg(feature = "async")]
    #[inline]
    pub(super) fn inject(self) -> Result<(Self, Ahead), Rejection> {
        let inner = self.inner;
        match chaos::begin(Some(Policy::Bulkhead), &inner.name, &inner.clock) {
            Ok(ahead) => Ok((self, ahead)),
            Err(injected) => Err(self.fail(injected)),
        }
    }

    #[cold]
    fn fail(self, injected: Rejection) -> Rejection {
        let outcome = Err::<(), _>(&injected);
        self.end(&outcome, |it| View::from_rejection(it).classified());
        injected
    }

    /// Ends the call with an outcome.
    #[inline]
    pub(super) fn end<T, E>(self, outcome: &Result<T, E>, classify: impl FnOnce(&E) -> Classified) {
        if self.inner.is_adaptive() {
            self.end_with(signal(outcome, classify));
        } else {
            self.release();
        }
    }

    #[inline]
    pub(super) fn end_with(self, signal: Signal) {
        self.inner.learn(self.admission, signal);
        self.release();
    }

    #[inline]
    fn release(self) {
        let (inner, admission) = (self.inner, self.admission);
        std::mem::forget(self);
        inner.release(admission);
    }

    /// Hands the slot on to an owner that gives it back.
    #[inline]
    pub(super) fn into_admission(self) -> Admission {
        let admission = self.admission;
        std::mem::forget(self);
        admission
    }
}

impl Drop for Held<'_> {
    /// The call did not end by itself: it panicked, or its future was dropped.
    fn drop(&mut self) {
        end_by_drop(self.inner, self.admission);
    }
}

/// Gives back the slot of a call that did not end by itself.
#[inline]
pub(super) fn end_by_drop(inner: &Inner, admission: Admission) {
    if inner.is_adaptive() {
        inner.learn(admission, signal_of_drop());
    }
    inner.release(admission);
}

/// A caller that left, and a deadline that was too short from the start, show nothing.
pub(super) fn signal_of_drop() -> Signal {
    #[cfg(feature = "async")]
    if call::drop_reason() == call::DropReason::TimedOut {
        return Signal::Overload;
    }
    Signal::Neutral
}

/// Timeouts, rejections further in and other transient errors show that the callee has too much to
/// do; permanent errors and those of which nothing is known show nothing.
#[cold]
pub(super) fn signal_of_error(error: Classified) -> Signal {
    if error.rejected || error.class == Class::Transient {
        Signal::Overload
    } else {
        Signal::Neutral
    }
}

pub(super) fn signal<T, E>(
    outcome: &Result<T, E>,
    classify: impl FnOnce(&E) -> Classified,
) -> Signal {
    match outcome {
        Ok(_) => Signal::Success,
        Err(error) => signal_of_error(classify(error)),
    }
}

/// Classifies an error of any type that is known to the registry.
pub(super) fn by_view<E: 'static>(error: &E) -> Classified {
    View::from_any(error).classified()
}

/// The first answer to a call.
#[derive(Debug)]
pub(super) enum Answer<'a> {
    Admitted(Held<'a>),
    Rejected(Reason),
    /// It waits, for at most that long.
    Queued(Ticket<'a>, Duration),
}

/// Admits a call, rejects it, or puts it into the queue, from which `waker` is woken.
#[inline]
pub(super) fn enter<'a>(inner: &'a Inner, waker: impl FnOnce() -> Waker) -> Answer<'a> {
    match Held::try_take(inner) {
        Some(held) => Answer::Admitted(held),
        None => queue(inner, waker),
    }
}

#[cold]
#[inline(never)]
fn queue<'a>(inner: &'a Inner, waker: impl FnOnce() -> Waker) -> Answer<'a> {
    let max_wait = inner.config.get().max_wait;
    if max_wait.is_zero() {
        return Answer::Rejected(Reason::Full);
    }
    let wait = call::remaining().map_or(max_wait, |left| left.min(max_wait));
    if wait.is_zero() {
        return Answer::Rejected(Reason::TimedOut);
    }
    let clock: SharedClock = inner.clock();
    let since = clock.now();
    match inner.enter_or_queue(waker()) {
        Entered::Admitted => Answer::Admitted(Held::new(inner)),
        Entered::Rejected(reason) => Answer::Rejected(reason),
        Entered::Queued(place) => Answer::Queued(Ticket::new(inner, place, clock, since), wait),
    }
}

//! Tickets: a call's place in the queue.

use super::{held::Held, inner::Inner, queue::Place};
use crate::time::{SharedClock, Tick};
use std::{task::Poll, task::Waker};

/// A place in the queue, given up when this is dropped.
#[derive(Debug)]
pub(super) struct Ticket<'a> {
    inner: &'a Inner,
    /// Taken by the end of the wait.
    place: Option<Place>,
    clock: SharedClock,
    since: Tick,
}

impl<'a> Ticket<'a> {
    pub(super) fn new(inner: &'a Inner, place: Place, clock: SharedClock, since: Tick) -> Self {
        Self {
            inner,
            place: Some(place),
            clock,
            since,
        }
    }

    /// Returns the slot if one was granted; else `waker` will be woken then.
    pub(super) fn poll(&mut self, waker: &Waker) -> Poll<Option<Held<'a>>> {
        let Some(place) = self.place else {
            return Poll::Ready(None);
        };
        let is_known = self.inner.with_waker(place, |known| known.will_wake(waker));
        if is_known == Some(true) {
            return Poll::Pending;
        }
        // Cloned, and the old one dropped, without the lock: both run foreign code.
        if is_known == Some(false) {
            let waker = waker.clone();
            let replaced = self
                .inner
                .with_waker(place, |known| std::mem::replace(known, waker));
            if replaced.is_some() {
                return Poll::Pending;
            }
        }
        self.place = None;
        self.note_wait();
        Poll::Ready(Some(Held::new(self.inner)))
    }

    /// Ends the wait because its time is over: returns the slot if one was granted just before.
    pub(super) fn finish(mut self) -> Option<Held<'a>> {
        let place = self.place.take()?;
        let is_granted = self.inner.stop_waiting(place);
        let held = is_granted.then(|| Held::new(self.inner));
        self.note_wait();
        held
    }

    fn note_wait(&self) {
        self.inner.note_wait(self.clock.now().since(self.since));
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.inner.cancel(place);
            self.note_wait();
        }
    }
}

//! Virtual time: events in their order, on a manual clock.

use gardefou::time::ManualClock;
use std::{cmp::Ordering, collections::BinaryHeap, time::Duration};

/// Events that are to happen, and the clock that all guards of a simulation read.
///
/// Taking the next event moves the clock to its time. Events of one time happen in the order in
/// which they were added, so that a run depends on its seed alone.
#[derive(Debug)]
pub(crate) struct Schedule<E> {
    clock: ManualClock,
    now: Duration,
    added: u64,
    events: BinaryHeap<Entry<E>>,
}

impl<E> Schedule<E> {
    pub(crate) fn new(clock: ManualClock) -> Self {
        Self {
            clock,
            now: Duration::ZERO,
            added: 0,
            events: BinaryHeap::new(),
        }
    }

    /// Returns the time since the start.
    pub(crate) fn now(&self) -> Duration {
        self.now
    }

    pub(crate) fn add(&mut self, delay: Duration, event: E) {
        self.events.push(Entry {
            at: self.now + delay,
            number: self.added,
            event,
        });
        self.added += 1;
    }

    /// Moves the clock to the next event, and returns that.
    pub(crate) fn next(&mut self) -> Option<E> {
        let Entry { at, event, .. } = self.events.pop()?;
        self.clock.advance(at - self.now);
        self.now = at;
        Some(event)
    }
}

#[derive(Debug)]
struct Entry<E> {
    at: Duration,
    number: u64,
    event: E,
}

impl<E> Ord for Entry<E> {
    /// The heap returns its largest entry first: that is the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<E> Eq for Entry<E> {}

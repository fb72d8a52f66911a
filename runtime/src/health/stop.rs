//! The end of async runs that nobody waits for any more.

use crate::sync::Mutex;
use std::{
    collections::HashMap,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, Waker},
};

/// Ends the async runs in progress, so that they leave their runtime before it is gone: a timer of
/// a runtime that has been shut down panics.
#[derive(Default)]
pub(crate) struct Stop {
    /// How often runs were ended.
    stops: AtomicU64,
    next_run: AtomicU64,
    wakers: Mutex<HashMap<u64, Waker>>,
}

impl Stop {
    /// Ends the runs in progress; those that come after it go on.
    pub(crate) fn end_all(&self) {
        // Relaxed here and below: the lock orders this before the look of each run whose waker is
        // not among these.
        self.stops.fetch_add(1, Ordering::Relaxed);
        let wakers = std::mem::take(&mut *self.wakers.lock());
        wakers.into_values().for_each(Waker::wake);
    }

    /// Resolves when the runs in progress are ended.
    pub(crate) fn called(&self) -> Called<'_> {
        let run = self.next_run.fetch_add(1, Ordering::Relaxed);
        Called {
            stop: self,
            run,
            stops_before: self.stops.load(Ordering::Relaxed),
        }
    }
}

/// The wait of one run.
pub(crate) struct Called<'a> {
    stop: &'a Stop,
    run: u64,
    stops_before: u64,
}

impl Future for Called<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let before = self
            .stop
            .wakers
            .lock()
            .insert(self.run, context.waker().clone());
        drop(before);
        if self.stop.stops.load(Ordering::Relaxed) == self.stops_before {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

impl Drop for Called<'_> {
    fn drop(&mut self) {
        let waker = self.stop.wakers.lock().remove(&self.run);
        drop(waker);
    }
}

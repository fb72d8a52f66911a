//! The end of async runs that nobody waits for any more.

use crate::sync::Mutex;
use std::{
    collections::HashMap,
    pin::Pin,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    task::{Context, Poll, Waker},
};

/// Tells async runs that the program is about to end, so that they leave their runtime before it is gone: a timer of a
/// runtime that has been shut down panics.
#[derive(Default)]
pub(crate) struct Stop {
    is_stopping: AtomicBool,
    next_run: AtomicU64,
    wakers: Mutex<HashMap<u64, Waker>>,
}

impl Stop {
    /// Ends the runs in progress, and those that come.
    pub(crate) fn begin(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
        // The lock orders the store before the look of each run whose waker is not among these.
        let wakers = std::mem::take(&mut *self.wakers.lock());
        wakers.into_values().for_each(Waker::wake);
    }

    /// Lets runs go on to their end again.
    pub(crate) fn end(&self) {
        self.is_stopping.store(false, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Resolves when the program is about to end.
    pub(crate) fn begun(&self) -> Begun<'_> {
        Begun { stop: self, run: self.next_run.fetch_add(1, Ordering::Relaxed) }
    }
}

/// The wait of one run.
pub(crate) struct Begun<'a> {
    stop: &'a Stop,
    run: u64,
}

impl Future for Begun<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let before = self.stop.wakers.lock().insert(self.run, context.waker().clone());
        drop(before);
        if self.stop.is_stopping() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let waker = self.stop.wakers.lock().remove(&self.run);
        drop(waker);
    }
}

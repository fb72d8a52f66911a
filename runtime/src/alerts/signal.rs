//! The signal that wakes threads which wait for a change.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// A counter of changes that threads can wait on.
#[derive(Debug, Default)]
pub(super) struct Signal {
    changes: Mutex<u64>,
    changed: Condvar,
}

impl Signal {
    /// Wakes all threads that wait.
    pub(super) fn notify(&self) {
        *self.changes.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    /// Returns the number of changes so far, for [`wait_beyond`](Self::wait_beyond).
    pub(super) fn changes(&self) -> u64 {
        *self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there are more than `seen` changes, at most for `timeout`. Returns `false` if
    /// there are not.
    pub(super) fn wait_beyond(&self, seen: u64, timeout: Duration) -> bool {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(changes, timeout, |now| *now == seen);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

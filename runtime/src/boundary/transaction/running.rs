//! Rollbacks that outlive their transactions, so that the end of the program can wait for them.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// One rollback that goes on as a task, from its begin to its end.
#[derive(Debug)]
pub(super) struct Running(());

impl Running {
    pub(super) fn begin() -> Self {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ENDED.notify_all();
    }
}

/// Blocks until no rollback runs as a task any more, for at most `limit`; returns how many ended
/// meanwhile, and how many still run.
///
/// It does not wait inside of a current-thread runtime, whose tasks run only when this thread goes
/// back to it.
pub(crate) fn wait_for_rollbacks(limit: Duration) -> (usize, usize) {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let before = *running;
    let is_in_the_way = tokio::runtime::Handle::try_current().is_ok_and(|runtime| {
        runtime.runtime_flavor() == tokio::runtime::RuntimeFlavor::CurrentThread
    });
    if before == 0 || is_in_the_way {
        return (0, before);
    }
    let waited = ENDED.wait_timeout_while(running, limit, |running| *running > 0);
    let (running, _) = waited.unwrap_or_else(PoisonError::into_inner);
    (before.saturating_sub(*running), *running)
}

//! Rollbacks that outlive their transactions, so that the end of the program can wait for them.

use crate::sync::global::{Condvar, Mutex};
use std::time::Duration;

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// One rollback that goes on as a task, from its begin to its end.
#[derive(Debug)]
pub(super) struct Running(());

impl Running {
    pub(super) fn begin() -> Self {
        *RUNNING.lock() += 1;
        Self(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        *RUNNING.lock() -= 1;
        ENDED.notify_all();
    }
}

/// Blocks until no rollback runs as a task any more, for at most `limit`; returns how many ended
/// meanwhile, and how many still run.
///
/// It does not wait inside of a current-thread runtime, whose tasks run only when this thread goes
/// back to it.
pub(crate) fn wait_for_rollbacks(limit: Duration) -> (usize, usize) {
    let running = RUNNING.lock();
    let before = *running;
    let is_in_the_way = tokio::runtime::Handle::try_current().is_ok_and(|runtime| {
        runtime.runtime_flavor() == tokio::runtime::RuntimeFlavor::CurrentThread
    });
    if before == 0 || is_in_the_way {
        return (0, before);
    }
    let running = ENDED.wait_timeout_while(running, limit, |running| *running > 0);
    (before.saturating_sub(*running), *running)
}

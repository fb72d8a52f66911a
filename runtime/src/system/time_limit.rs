//! Time limit for foreign code that may hang.

use crate::scope::Captured;
use std::{sync::mpsc, thread, time::Duration};

/// Runs a function that may hang or panic, and waits for it at most `limit`; its thread goes on.
pub(super) fn run_with_limit<T: Send + 'static>(
    limit: Duration,
    run: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, is_done) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("gardefou-within".into());
    let scope = Captured::current();
    let run = move || {
        let _entered = scope.enter();
        run()
    };
    thread.spawn(move || done.send(run())).ok()?;
    is_done.recv_timeout(limit).ok()
}

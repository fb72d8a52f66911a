//! Helpers of the health tests.

use std::{
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

/// How long a test waits for an event that is due at once; bounded, so that the test fails instead of
/// hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a function that must not block, on its own thread.
pub(crate) fn at_once<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(run()));
    receiver.recv_timeout(PATIENCE).unwrap()
}

/// Runs of a check that block until they are released; dropping this releases all of them.
pub(crate) struct Blocked {
    begun: mpsc::Receiver<()>,
    release: mpsc::Sender<()>,
}

/// Makes a check whose runs signal that they have begun, pass when they are released, and fail when
/// the [`Blocked`] is dropped.
pub(crate) fn block() -> (Blocked, impl Fn() -> bool + Send + Sync + 'static) {
    let (begin, begun) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let released = Mutex::new(released);
    let check = move || {
        let _ = begin.send(());
        released.lock().unwrap().recv().is_ok()
    };
    (Blocked { begun, release }, check)
}

impl Blocked {
    /// Waits until one more run has begun.
    pub(crate) fn wait(&self) {
        self.begun.recv_timeout(PATIENCE).unwrap();
    }

    /// Releases one run.
    pub(crate) fn release_one(&self) {
        self.release.send(()).unwrap();
    }

    /// Returns `true` if a run has begun that `wait` has not returned for.
    pub(crate) fn has_another_begun(&self) -> bool {
        self.begun.try_recv().is_ok()
    }
}

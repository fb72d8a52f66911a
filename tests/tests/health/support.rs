//! What the tests of health share.

use std::{
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

/// How long a test waits for what should come at once, so that it fails rather than hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Runs what must not wait on a thread of its own.
pub(crate) fn at_once<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> T {
    let (answer, answered) = mpsc::channel();
    thread::spawn(move || answer.send(ask()));
    answered.recv_timeout(PATIENCE).unwrap()
}

/// Runs of a check that do not come back before they are let go; all come back when this is
/// dropped.
pub(crate) struct Blocked {
    begun: mpsc::Receiver<()>,
    go: mpsc::Sender<()>,
}

/// Makes a check whose runs say that they have begun, pass when they are let go, and fail when
/// nobody is there to.
pub(crate) fn block() -> (Blocked, impl Fn() -> bool + Send + Sync + 'static) {
    let (begin, begun) = mpsc::channel();
    let (go, let_go) = mpsc::channel();
    let let_go = Mutex::new(let_go);
    let check = move || {
        let _ = begin.send(());
        let_go.lock().unwrap().recv().is_ok()
    };
    (Blocked { begun, go }, check)
}

impl Blocked {
    /// Waits until one more run has begun.
    pub(crate) fn wait(&self) {
        self.begun.recv_timeout(PATIENCE).unwrap();
    }

    /// Lets one run go.
    pub(crate) fn let_one_go(&self) {
        self.go.send(()).unwrap();
    }

    /// Tells whether a run has begun that nobody has waited for.
    pub(crate) fn has_another_begun(&self) -> bool {
        self.begun.try_recv().is_ok()
    }
}

//! Background threads: each takes turns, and waits in between until it is woken or a time has
//! passed.

use crate::sync::global::{Condvar, Mutex};
#[cfg(all(feature = "monitor", feature = "tracing-subscriber"))]
use std::cell::Cell;
use std::{io, sync::Arc, thread, time::Duration};

#[cfg(all(feature = "monitor", feature = "tracing-subscriber"))]
thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Returns `true` on a background thread.
#[cfg(all(feature = "monitor", feature = "tracing-subscriber"))]
pub(crate) fn is_worker() -> bool {
    IS_WORKER.get()
}

/// A counter of changes that background threads, and callers who wait for them, wait on.
#[derive(Debug, Default)]
pub(crate) struct Wakeup {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    changes: u64,
    is_stopped: bool,
}

impl Wakeup {
    /// Wakes everything that waits.
    pub(crate) fn notify(&self) {
        self.state.lock().changes += 1;
        self.changed.notify_all();
    }

    /// Ends the threads after the turn that they are in.
    pub(crate) fn stop(&self) {
        self.state.lock().is_stopped = true;
        self.changed.notify_all();
    }

    /// Returns the number of changes so far, for [`wait_beyond`](Self::wait_beyond).
    pub(crate) fn changes(&self) -> u64 {
        self.state.lock().changes
    }

    /// Waits until there are more than `seen` changes, at most for `timeout`. Returns `false` if
    /// there are not.
    pub(crate) fn wait_beyond(&self, seen: u64, timeout: Duration) -> bool {
        let is_waiting = |state: &mut State| state.changes == seen && !state.is_stopped;
        let state = self.state.lock();
        let state = self.changed.wait_timeout_while(state, timeout, is_waiting);
        state.changes != seen
    }

    fn is_stopped(&self) -> bool {
        self.state.lock().is_stopped
    }
}

/// The step of a thread after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Takes another turn at once.
    Turn,
    /// Waits for a change, at most for so long.
    Wait(Duration),
    End,
}

/// Starts a thread, which takes its first turn at once. A change during a turn, or between this
/// call and the first turn, is followed by another turn.
///
/// # Errors
///
/// The system gives no thread.
pub(crate) fn spawn(
    name: &str,
    wakeup: &Arc<Wakeup>,
    mut turn: impl FnMut() -> Next + Send + 'static,
) -> io::Result<()> {
    let wakeup = Arc::clone(wakeup);
    let mut seen = wakeup.changes();
    let run = move || {
        while !wakeup.is_stopped() {
            match turn() {
                Next::Turn => {}
                Next::Wait(timeout) => {
                    wakeup.wait_beyond(seen, timeout);
                }
                Next::End => return,
            }
            seen = wakeup.changes();
        }
    };
    start(name, Box::new(run))
}

/// Starts a thread that runs a function once. Boxed, so that the code around a thread is compiled for
/// all of them at once.
///
/// # Errors
///
/// The system gives no thread.
pub(crate) fn start(name: &str, run: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    // The system refuses a name with a NUL.
    let name = name.replace('\0', " ");
    let run = move || {
        #[cfg(all(feature = "monitor", feature = "tracing-subscriber"))]
        IS_WORKER.set(true);
        run();
    };
    thread::Builder::new().name(name).spawn(run).map(drop)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::mpsc::{RecvTimeoutError, channel};

    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn change_before_or_during_a_turn_is_followed_by_another_turn() {
        let wakeup = Arc::new(Wakeup::default());
        let (began, turns) = channel();
        let (release, released) = channel();
        let turn = move || {
            began.send(()).unwrap();
            released
                .recv()
                .map_or(Next::End, |()| Next::Wait(Duration::MAX / 4))
        };
        spawn("example\0", &wakeup, turn).unwrap();
        for _ in 0..3 {
            turns.recv_timeout(PATIENCE).unwrap();
            wakeup.notify();
            release.send(()).unwrap();
        }
        turns.recv_timeout(PATIENCE).unwrap();
        wakeup.stop();
        release.send(()).unwrap();
        let end = turns.recv_timeout(PATIENCE);
        assert_eq!(
            end,
            Err(RecvTimeoutError::Disconnected),
            "the thread has ended"
        );
    }

    #[test]
    fn wait_ends_with_a_change_a_stop_or_its_time() {
        let wakeup = Wakeup::default();
        assert!(!wakeup.wait_beyond(0, Duration::ZERO));
        wakeup.notify();
        assert!(wakeup.wait_beyond(0, PATIENCE));
        wakeup.stop();
        assert!(!wakeup.wait_beyond(1, PATIENCE), "stopped, not changed");
    }
}

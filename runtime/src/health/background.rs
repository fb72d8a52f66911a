//! The thread that starts checks when they are due.

use crate::{fork::PerProcess, scope::Captured};
use std::{
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// One turn of the thread: starts due checks and abandons late ones, runs no check itself, and
/// returns how long the thread may sleep; `None` once the registry is gone.
pub(crate) type Turn = Arc<dyn Fn() -> Option<Duration> + Send + Sync>;

/// Background thread of a registry, stopped on drop.
pub(crate) struct Background {
    turn: Turn,
    wakeup: PerProcess<Arc<Wakeup>>,
}

/// Signal that wakes the thread early.
#[derive(Default)]
pub(crate) struct Wakeup {
    signal: Mutex<Signal>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Signal {
    #[default]
    None,
    /// A check may have become due.
    Turn,
    Stop,
}

impl Background {
    /// Starts the thread; it ends with the registry.
    pub(crate) fn start(turn: Turn) -> io::Result<Self> {
        let wakeup = Arc::new(Wakeup::default());
        Wakeup::start(&wakeup, Arc::clone(&turn))?;
        Ok(Self {
            turn,
            wakeup: PerProcess::new(wakeup),
        })
    }

    /// Makes the thread take a turn now.
    pub(crate) fn wake(&self) {
        self.revive().send(Signal::Turn);
    }

    /// Starts the thread anew in a forked process, which does not have it.
    pub(crate) fn revive(&self) -> &Wakeup {
        let anew = |_: &Arc<Wakeup>| {
            let wakeup = Arc::new(Wakeup::default());
            // Where the system gives no thread, checks run on request alone.
            let _ = Wakeup::start(&wakeup, Arc::clone(&self.turn));
            wakeup
        };
        self.wakeup.get(anew)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(wakeup) = self.wakeup.existing() {
            wakeup.send(Signal::Stop);
        }
    }
}

impl Wakeup {
    fn start(wakeup: &Arc<Self>, turn: Turn) -> io::Result<()> {
        let ours = Arc::clone(wakeup);
        // Weak: the registry of a test scope is not to keep the scope.
        let scope = Captured::current().downgrade();
        thread::Builder::new()
            .name("gardefou-health".into())
            .spawn(move || {
                let turn = || {
                    let _entered = scope.enter();
                    turn()
                };
                while let Some(sleep) = turn()
                    && ours.wait(sleep)
                {}
            })?;
        Ok(())
    }

    fn send(&self, signal: Signal) {
        let mut current = self.signal.lock().unwrap_or_else(PoisonError::into_inner);
        if *current != Signal::Stop {
            *current = signal;
        }
        self.changed.notify_one();
    }

    /// Waits for a signal, at most for `limit`; returns `false` if the thread is to stop.
    fn wait(&self, limit: Duration) -> bool {
        let mut current = self.signal.lock().unwrap_or_else(PoisonError::into_inner);
        if *current == Signal::None {
            current = self
                .changed
                .wait_timeout(current, limit)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let signal = *current;
        if signal == Signal::Turn {
            *current = Signal::None;
        }
        signal != Signal::Stop
    }
}

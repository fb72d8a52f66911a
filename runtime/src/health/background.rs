//! The thread that starts checks when they are due.

use crate::{
    fork::PerProcess,
    scope::Captured,
    worker::{self, Next, Wakeup},
};
use std::{io, sync::Arc, time::Duration};

/// One turn of the thread: starts due checks and abandons late ones, runs no check itself, and
/// returns how long the thread may sleep; `None` once the registry is gone.
pub(crate) type Turn = Arc<dyn Fn() -> Option<Duration> + Send + Sync>;

/// Background thread of a registry, stopped on drop.
pub(crate) struct Background {
    turn: Turn,
    wakeup: PerProcess<Arc<Wakeup>>,
}

impl Background {
    /// Starts the thread; it ends with the registry.
    pub(crate) fn start(turn: Turn) -> io::Result<Self> {
        let wakeup = Arc::new(Wakeup::default());
        spawn(&wakeup, Arc::clone(&turn))?;
        Ok(Self {
            turn,
            wakeup: PerProcess::new(wakeup),
        })
    }

    /// Makes the thread take a turn now.
    pub(crate) fn wake(&self) {
        self.revive().notify();
    }

    /// Starts the thread anew in a forked process, which does not have it.
    pub(crate) fn revive(&self) -> &Wakeup {
        let anew = |_: &Arc<Wakeup>| {
            let wakeup = Arc::new(Wakeup::default());
            // Where the system gives no thread, checks run on request alone.
            let _ = spawn(&wakeup, Arc::clone(&self.turn));
            wakeup
        };
        self.wakeup.get(anew)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(wakeup) = self.wakeup.existing() {
            wakeup.stop();
        }
    }
}

fn spawn(wakeup: &Arc<Wakeup>, turn: Turn) -> io::Result<()> {
    // Weak: the registry of a test scope is not to keep the scope.
    let scope = Captured::current().downgrade();
    worker::spawn("gardefou-health", wakeup, move || {
        let _entered = scope.enter();
        turn().map_or(Next::End, Next::Wait)
    })
}

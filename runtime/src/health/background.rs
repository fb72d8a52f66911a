//! The thread that runs checks when they are due.

use super::registry::Shared;
use crate::{fork::PerProcess, scope::Captured};
use std::{
    io,
    sync::{Arc, Condvar, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};

/// Starts due checks and gives up late ones, from a thread that runs no check itself.
pub(crate) struct Background {
    health: Weak<Shared>,
    bell: PerProcess<Arc<Bell>>,
}

/// What wakes the thread before its time.
#[derive(Default)]
pub(crate) struct Bell {
    state: Mutex<Rung>,
    rung: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Rung {
    #[default]
    No,
    /// Something may have become due.
    Look,
    Stop,
}

impl Background {
    /// Starts the thread; it ends with the registry.
    pub(crate) fn start(health: Weak<Shared>) -> io::Result<Self> {
        let bell = Arc::new(Bell::default());
        Bell::start(&bell, health.clone())?;
        Ok(Self {
            health,
            bell: PerProcess::new(bell),
        })
    }

    /// Makes the thread look now.
    pub(crate) fn look(&self) {
        self.revive().ring(Rung::Look);
    }

    /// Starts the thread anew in a process that was forked, which does not have it.
    pub(crate) fn revive(&self) -> &Bell {
        let anew = |_: &Arc<Bell>| {
            let bell = Arc::new(Bell::default());
            // Where the system gives no thread, checks run when they are asked for.
            let _ = Bell::start(&bell, self.health.clone());
            bell
        };
        self.bell.get(anew)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(bell) = self.bell.existing() {
            bell.ring(Rung::Stop);
        }
    }
}

impl Bell {
    fn start(bell: &Arc<Self>, health: Weak<Shared>) -> io::Result<()> {
        let ours = Arc::clone(bell);
        // Weak: the registry of a test scope is not to keep the scope.
        let scope = Captured::current().downgrade();
        thread::Builder::new()
            .name("gardefou-health".into())
            .spawn(move || {
                while let Some(health) = health.upgrade() {
                    let wait = {
                        let _entered = scope.enter();
                        health.turn()
                    };
                    // Not held while waiting, so that the registry can end.
                    drop(health);
                    if !ours.wait(wait) {
                        break;
                    }
                }
            })?;
        Ok(())
    }

    fn ring(&self, how: Rung) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state != Rung::Stop {
            *state = how;
        }
        self.rung.notify_one();
    }

    /// Waits until rung or until `limit` has passed; tells whether to go on.
    fn wait(&self, limit: Duration) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == Rung::No {
            state = self
                .rung
                .wait_timeout(state, limit)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let rung = *state;
        if rung == Rung::Look {
            *state = Rung::No;
        }
        rung != Rung::Stop
    }
}

//! The thread that runs checks when they are due.

use super::shared::Shared;
use crate::scope::Captured;
use std::{
    io,
    sync::{Arc, Condvar, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};

/// Starts due checks and gives up late ones, from a thread that runs no check itself.
pub(crate) struct Background(Arc<Bell>);

/// What wakes the thread before its time.
#[derive(Default)]
struct Bell {
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
        let ours = Arc::clone(&bell);
        // Weak: the registry of a test scope is not to keep the scope.
        let scope = Captured::current().downgrade();
        thread::Builder::new().name("gardefou-health".into()).spawn(move || {
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
        Ok(Self(bell))
    }

    /// Makes the thread look now.
    pub(crate) fn look(&self) {
        self.0.ring(Rung::Look);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.ring(Rung::Stop);
    }
}

impl Bell {
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
            state = self.rung.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0;
        }
        let rung = *state;
        if rung == Rung::Look {
            *state = Rung::No;
        }
        rung != Rung::Stop
    }
}

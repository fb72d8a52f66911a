//! The shared breakers of the process, and the fleet that they join.

use super::{handle::CircuitBreaker, shell::Shell};
use crate::{scope, sync::global::Mutex};
use std::sync::{Arc, Weak};

static SHARED: Mutex<Shared> = Mutex::new(Shared {
    breakers: Vec::new(),
    fleet: None,
});

struct Shared {
    breakers: Vec<Weak<Shell>>,
    fleet: Option<Weak<dyn Joiner>>,
}

/// A fleet that every shared breaker of the process joins. It is called under a lock, so that a breaker is in it or not
/// as the last call says: it only notes what is to be done.
pub(crate) trait Joiner: Send + Sync {
    fn take_in(&self, breaker: &Arc<Shell>);

    /// Lets a breaker decide alone, if it is in this fleet.
    #[cfg(feature = "config")]
    fn let_go(&self, breaker: &Arc<Shell>);
}

impl Shared {
    fn add(&mut self, breaker: &Arc<Shell>) {
        if self.breakers.len() == self.breakers.capacity() {
            self.breakers.retain(|known| known.strong_count() > 0);
        }
        self.breakers.push(Arc::downgrade(breaker));
        if let Some(fleet) = self.fleet() {
            fleet.take_in(breaker);
        }
    }

    #[cfg(feature = "config")]
    fn remove(&mut self, breaker: &Arc<Shell>) {
        self.breakers
            .retain(|known| known.as_ptr() != Arc::as_ptr(breaker));
        if let Some(fleet) = self.fleet() {
            fleet.let_go(breaker);
        }
    }

    fn fleet(&self) -> Option<Arc<dyn Joiner>> {
        self.fleet.as_ref().and_then(Weak::upgrade)
    }
}

/// Lets a new breaker join the fleet of the process, now or when there is one. Breakers of a test scope join none.
pub(super) fn announce(breaker: &CircuitBreaker) {
    if !scope::is_entered() {
        SHARED.lock().add(breaker.shell());
    }
}

/// Lets a breaker whose settings have changed join the fleet of the process or leave it, as the settings in force say.
#[cfg(feature = "config")]
pub(super) fn follow_settings(breaker: &Arc<Shell>) {
    if scope::is_entered() {
        return;
    }
    let mut shared = SHARED.lock();
    // Under the lock: of two changes at the same time, the one that comes here last sees the settings in force.
    let is_shared = breaker.read(|locked| locked.machine.config().shared);
    let is_known = (shared.breakers.iter()).any(|known| known.as_ptr() == Arc::as_ptr(breaker));
    match (is_known, is_shared) {
        (false, true) => shared.add(breaker),
        (true, false) => shared.remove(breaker),
        _ => {}
    }
}

/// Makes a fleet that of the process: all shared breakers join it.
pub(crate) fn take_all_in(fleet: &Arc<dyn Joiner>) {
    let mut shared = SHARED.lock();
    shared.fleet = Some(Arc::downgrade(fleet));
    let breakers: Vec<_> = shared.breakers.iter().filter_map(Weak::upgrade).collect();
    for breaker in &breakers {
        fleet.take_in(breaker);
    }
    // The last handle of a breaker may drop the user's code.
    drop(shared);
}

//! One switch for several breakers.

use super::{handle::CircuitBreaker, shared::Shared};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// A switch by which somebody isolates several breakers at once, as all those of one data centre.
///
/// Clones are one switch. It keeps no breaker alive.
///
/// # Examples
///
/// ```
/// use gardefou::breaker::{CircuitBreaker, CircuitState, ManualControl};
///
/// let control = ManualControl::new();
/// let read = CircuitBreaker::builder("control-read").control(&control).build()?;
/// let write = CircuitBreaker::builder("control-write").control(&control).build()?;
/// control.isolate();
/// assert_eq!((read.state(), write.state()), (CircuitState::ForcedOpen, CircuitState::ForcedOpen));
/// control.close();
/// assert_eq!(read.state(), CircuitState::Closed);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Default)]
pub struct ManualControl(Arc<Mutex<Switch>>);

#[derive(Default)]
struct Switch {
    is_isolated: bool,
    breakers: Vec<Weak<Shared>>,
}

impl ManualControl {
    /// Makes a switch that is not thrown.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forces every breaker of this switch open, and each that joins later.
    pub fn isolate(&self) {
        self.turn(true).iter().for_each(CircuitBreaker::force_open);
    }

    /// Resets every breaker of this switch.
    pub fn close(&self) {
        self.turn(false).iter().for_each(CircuitBreaker::reset);
    }

    /// Tells whether the breakers are isolated.
    #[must_use]
    pub fn is_isolated(&self) -> bool {
        self.lock().is_isolated
    }

    pub(super) fn join(&self, breaker: &CircuitBreaker) {
        let is_isolated = {
            let mut switch = self.lock();
            let joining = breaker.downgrade();
            switch.breakers.retain(|known| known.strong_count() > 0 && !known.ptr_eq(&joining));
            switch.breakers.push(joining);
            switch.is_isolated
        };
        if is_isolated {
            breaker.force_open();
        }
    }

    /// Throws the switch, and returns the breakers, to be turned when the lock is gone.
    fn turn(&self, is_isolated: bool) -> Vec<CircuitBreaker> {
        let mut switch = self.lock();
        switch.is_isolated = is_isolated;
        switch.breakers.iter().filter_map(CircuitBreaker::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Switch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ManualControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualControl").field("is_isolated", &self.is_isolated()).finish_non_exhaustive()
    }
}

//! One switch for several breakers.

use super::{handle::CircuitBreaker, shared::Shared, state::Effects};
use crate::sync::Mutex;
use std::{
    fmt,
    sync::{Arc, Weak},
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
///
/// A breaker that is under several switches is isolated as long as one of them is:
///
/// ```
/// use gardefou::breaker::{CircuitBreaker, CircuitState, ManualControl};
///
/// let (region, service) = (ManualControl::new(), ManualControl::new());
/// let breaker = CircuitBreaker::builder("control-both").control(&region).control(&service).build()?;
/// region.isolate();
/// service.isolate();
/// region.close();
/// assert_eq!(breaker.state(), CircuitState::ForcedOpen, "`service` is isolated still");
/// service.close();
/// assert_eq!(breaker.state(), CircuitState::Closed);
/// # Ok::<(), gardefou::ConfigError>(())
/// ```
#[derive(Clone, Default)]
pub struct ManualControl(Arc<Mutex<Switch>>);

#[derive(Default)]
struct Switch {
    is_isolated: bool,
    breakers: Vec<Weak<Shared>>,
}

/// The switches that a breaker is under. They are looked at under the breaker's lock, so that of
/// two that are thrown at once the breaker shows what both say in the end.
#[derive(Debug, Default)]
pub(super) struct Controls(Vec<Weak<Mutex<Switch>>>);

impl ManualControl {
    /// Makes a switch that is not thrown.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forces every breaker of this switch open, and each that joins later.
    pub fn isolate(&self) {
        self.turn(true).iter().for_each(turn);
    }

    /// Resets every breaker of this switch, except those that another switch isolates.
    pub fn close(&self) {
        self.turn(false).iter().for_each(turn);
    }

    /// Returns `true` if this switch isolates its breakers.
    #[must_use]
    pub fn is_isolated(&self) -> bool {
        self.0.lock().is_isolated
    }

    pub(super) fn join(&self, breaker: &CircuitBreaker) {
        let is_isolated = {
            let mut switch = self.0.lock();
            let joining = breaker.downgrade();
            switch
                .breakers
                .retain(|known| known.strong_count() > 0 && !known.ptr_eq(&joining));
            switch.breakers.push(joining);
            switch.is_isolated
        };
        let ours = Arc::downgrade(&self.0);
        breaker.shared().step(|locked| {
            let Controls(all) = &mut locked.rare.get_or_insert_default().controls;
            all.retain(|known| known.strong_count() > 0 && !known.ptr_eq(&ours));
            all.push(ours);
            ((), Effects::default())
        });
        if is_isolated {
            turn(breaker);
        }
    }

    /// Throws the switch, and returns the breakers, to be turned when the lock is gone.
    fn turn(&self, is_isolated: bool) -> Vec<CircuitBreaker> {
        let mut switch = self.0.lock();
        switch.is_isolated = is_isolated;
        switch
            .breakers
            .iter()
            .filter_map(CircuitBreaker::upgrade)
            .collect()
    }
}

/// Turns a breaker as its switches say.
fn turn(breaker: &CircuitBreaker) {
    let shared = breaker.shared();
    let now = shared.clock.now();
    shared.step(|locked| {
        let is_isolated = locked
            .rare
            .as_ref()
            .is_some_and(|rare| rare.controls.isolate());
        (
            (),
            if is_isolated {
                locked.core.force_open_at(now)
            } else {
                locked.core.reset_at(now)
            },
        )
    });
}

impl Controls {
    fn isolate(&self) -> bool {
        self.0
            .iter()
            .filter_map(Weak::upgrade)
            .any(|switch| switch.lock().is_isolated)
    }
}

impl fmt::Debug for ManualControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualControl")
            .field("is_isolated", &self.is_isolated())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// A service that makes breakers as it goes, or configures them anew, must not fill memory with
    /// what is gone.
    #[test]
    fn a_switch_and_a_breaker_know_each_other_once_and_only_while_they_live() {
        let control = ManualControl::new();
        let breaker = CircuitBreaker::builder("control-once").build().unwrap();
        let known = |breaker: &CircuitBreaker| {
            breaker.shared().step(|locked| {
                let Controls(all) = &locked.rare.get_or_insert_default().controls;
                (all.len(), Effects::default())
            })
        };
        for _ in 0..3 {
            control.join(&breaker);
            assert_eq!((control.0.lock().breakers.len(), known(&breaker)), (1, 1));
        }
        let other = ManualControl::new();
        other.join(&breaker);
        assert_eq!(known(&breaker), 2);
        drop(other);
        control.join(&breaker);
        assert_eq!(known(&breaker), 1);
        drop(breaker);
        let breaker = CircuitBreaker::builder("control-again").build().unwrap();
        control.join(&breaker);
        assert_eq!((control.0.lock().breakers.len(), known(&breaker)), (1, 1));
        assert_eq!(
            format!("{control:?}"),
            "ManualControl { is_isolated: false, .. }"
        );
    }
}

//! Manual control of several breakers at once.

use super::{shell::Shell, state::Effects};
use crate::sync::Mutex;
use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

/// A manual control that isolates several breakers at once, for example all those of one data
/// centre.
///
/// Clones are one control. It keeps no breaker alive.
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
/// A breaker with several controls is isolated while one of them isolates:
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
pub struct ManualControl(Arc<Control>);

#[derive(Default)]
struct Control {
    /// Written under the lock of `breakers`; read under the lock of each breaker.
    isolates: Arc<AtomicBool>,
    breakers: Mutex<Vec<Weak<Shell>>>,
}

impl ManualControl {
    /// Makes a control that isolates nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::ManualControl;
    ///
    /// assert!(!ManualControl::new().is_isolated());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forces every breaker of this control open, and each that joins later.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState, ManualControl};
    ///
    /// let region = ManualControl::new();
    /// let before = CircuitBreaker::builder("read").control(&region).build()?;
    /// region.isolate();
    /// let after = CircuitBreaker::builder("write").control(&region).build()?;
    /// assert_eq!((before.state(), after.state()), (CircuitState::ForcedOpen, CircuitState::ForcedOpen));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn isolate(&self) {
        self.turn(true);
    }

    /// Resets every breaker of this control, except those that another control isolates.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::{CircuitBreaker, CircuitState, ManualControl};
    ///
    /// let region = ManualControl::new();
    /// let breaker = CircuitBreaker::builder("read").control(&region).build()?;
    /// region.isolate();
    /// region.close();
    /// assert_eq!(breaker.state(), CircuitState::Closed);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn close(&self) {
        self.turn(false);
    }

    /// Returns `true` if this control isolates its breakers.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::breaker::ManualControl;
    ///
    /// let region = ManualControl::new();
    /// let same = region.clone();
    /// same.isolate();
    /// assert!(region.is_isolated());
    /// ```
    #[must_use]
    pub fn is_isolated(&self) -> bool {
        // Acquire pairs with the Release in `turn`.
        self.0.isolates.load(Ordering::Acquire)
    }

    pub(super) fn join(&self, shell: &Arc<Shell>) {
        {
            let mut breakers = self.0.breakers.lock();
            let joining = Arc::downgrade(shell);
            breakers.retain(|known| known.strong_count() > 0 && !known.ptr_eq(&joining));
            breakers.push(joining);
        }
        let ours = Arc::downgrade(&self.0.isolates);
        let is_isolated = shell.step(|locked| {
            let all = &mut locked.extras.get_or_insert_default().isolations;
            all.retain(|known| known.strong_count() > 0 && !known.ptr_eq(&ours));
            all.push(ours);
            // What is turned on from here on finds the breaker with this control.
            (self.is_isolated(), Effects::default())
        });
        if is_isolated {
            follow_controls(shell);
        }
    }

    /// Isolates the breakers or ends that. Each is turned after the lock is released.
    fn turn(&self, isolates: bool) {
        let breakers: Vec<_> = {
            let breakers = self.0.breakers.lock();
            // Release pairs with the Acquire in `is_isolated`.
            self.0.isolates.store(isolates, Ordering::Release);
            breakers.iter().filter_map(Weak::upgrade).collect()
        };
        breakers.iter().for_each(|shell| follow_controls(shell));
    }
}

/// Opens or resets a breaker as its controls demand. They are read under the breaker's lock: of two
/// that are turned at once the breaker follows the last state of both.
fn follow_controls(shell: &Shell) {
    let now = shell.clock.now();
    shell.step(|locked| {
        let is_isolated = locked
            .extras
            .as_ref()
            .is_some_and(|extras| extras.is_isolated());
        let effects = if is_isolated {
            locked.machine.force_open_at(now)
        } else {
            locked.machine.reset_at(now)
        };
        ((), effects)
    });
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
    use crate::breaker::handle::CircuitBreaker;

    /// A service that keeps making or reconfiguring breakers must not fill memory with dropped
    /// ones.
    #[test]
    fn control_and_breaker_refer_to_each_other_once_and_only_while_they_live() {
        let control = ManualControl::new();
        let breaker = CircuitBreaker::builder("control-once").build().unwrap();
        let known = |breaker: &CircuitBreaker| {
            breaker.shell().step(|locked| {
                let all = &locked.extras.get_or_insert_default().isolations;
                (all.len(), Effects::default())
            })
        };
        for _ in 0..3 {
            control.join(breaker.shell());
            assert_eq!((control.0.breakers.lock().len(), known(&breaker)), (1, 1));
        }
        let other = ManualControl::new();
        other.join(breaker.shell());
        assert_eq!(known(&breaker), 2);
        drop(other);
        control.join(breaker.shell());
        assert_eq!(known(&breaker), 1);
        drop(breaker);
        let breaker = CircuitBreaker::builder("control-again").build().unwrap();
        control.join(breaker.shell());
        assert_eq!((control.0.breakers.lock().len(), known(&breaker)), (1, 1));
        assert_eq!(
            format!("{control:?}"),
            "ManualControl { is_isolated: false, .. }"
        );
    }
}

//! Changes that no call makes: by hand, by another configuration, by a restored snapshot.

use super::{Effects, HalfOpen, Phase, StateMachine};
use crate::{
    breaker::config::BreakerConfig,
    event::{CircuitState, TransitionReason},
    time::Tick,
};
use std::time::Duration;

/// The state that a breaker takes over from an earlier process.
#[derive(Clone, Copy, Debug)]
pub(in crate::breaker) struct RestoredState {
    pub(in crate::breaker) state: CircuitState,
    pub(in crate::breaker) remaining: Duration,
    pub(in crate::breaker) consecutive: u32,
    pub(in crate::breaker) reopened: u32,
}

impl StateMachine {
    /// Rejects every call until a reset.
    pub(in crate::breaker) fn force_open_at(&mut self, now: Tick) -> Effects {
        self.turn_at(now, Phase::ForcedOpen)
    }

    /// Admits every call uncounted until a reset.
    pub(in crate::breaker) fn disable_at(&mut self, now: Tick) -> Effects {
        self.turn_at(now, Phase::Disabled)
    }

    /// Closes the circuit and forgets past failures.
    pub(in crate::breaker) fn reset_at(&mut self, now: Tick) -> Effects {
        self.reopened = 0;
        self.end_row();
        self.window.clear();
        if self.phase == Phase::Closed {
            // No event, but a new generation: calls that began before the reset must not count
            // after it.
            self.generation += 1;
        }
        self.turn_at(now, Phase::Closed)
    }

    fn turn_at(&mut self, now: Tick, phase: Phase) -> Effects {
        let mut effects = Effects::default();
        if self.phase.state() != phase.state() {
            self.enter_at(now, phase, TransitionReason::Manual, &mut effects);
        }
        effects
    }

    /// Admits probes from now on; only from a state that rejects.
    pub(in crate::breaker) fn half_open_at(
        &mut self,
        now: Tick,
    ) -> (Result<(), CircuitState>, Effects) {
        let mut effects = Effects::default();
        // The passing of time counts, whatever the answer is.
        self.expire_half_open_at(now, &mut effects);
        let done = match self.phase {
            Phase::Open { .. } | Phase::ForcedOpen => {
                let half_open = HalfOpen::new(now, self.config.half_open_timeout);
                self.enter_at(
                    now,
                    Phase::HalfOpen(half_open),
                    TransitionReason::Manual,
                    &mut effects,
                );
                Ok(())
            }
            Phase::HalfOpen(_) => Ok(()),
            other => Err(other.state()),
        };
        (done, effects)
    }

    /// Keeps the circuit open for at least `duration` from now. The two manual states stay.
    pub(in crate::breaker) fn open_for_at(&mut self, now: Tick, duration: Duration) -> Effects {
        let mut effects = Effects::default();
        self.expire_half_open_at(now, &mut effects);
        let wanted = now.after(duration);
        match &mut self.phase {
            Phase::Open { until } => *until = wanted.max(*until),
            Phase::Closed | Phase::HalfOpen(_) => {
                let open = Phase::Open { until: wanted };
                self.enter_at(now, open, TransitionReason::OpenFor, &mut effects);
            }
            Phase::ForcedOpen | Phase::Disabled => {}
        }
        effects
    }

    /// Keeps the circuit open for at least `duration` from now, because a fleet has opened it after `reopened`
    /// recoveries that failed. The two manual states stay.
    #[cfg(feature = "fleet")]
    pub(in crate::breaker) fn hold_open_at(
        &mut self,
        now: Tick,
        duration: Duration,
        reopened: u32,
    ) -> Effects {
        let mut effects = Effects::default();
        self.expire_half_open_at(now, &mut effects);
        let wanted = now.after(duration);
        match &mut self.phase {
            Phase::Open { until } => *until = wanted.max(*until),
            Phase::Closed | Phase::HalfOpen(_) => {
                let open = Phase::Open { until: wanted };
                self.enter_at(now, open, TransitionReason::Fleet, &mut effects);
            }
            Phase::ForcedOpen | Phase::Disabled => return effects,
        }
        self.reopened = self.reopened.max(reopened);
        effects
    }

    /// Closes an open or half-open circuit, because its fleet has closed it.
    #[cfg(feature = "fleet")]
    pub(in crate::breaker) fn close_by_fleet_at(&mut self, now: Tick) -> Effects {
        let mut effects = Effects::default();
        if matches!(self.phase, Phase::Open { .. } | Phase::HalfOpen(_)) {
            self.reopened = 0;
            self.enter_at(now, Phase::Closed, TransitionReason::Fleet, &mut effects);
        }
        effects
    }

    /// Admits every call uncounted, because the fleet has no store; a forced state stays.
    #[cfg(feature = "fleet")]
    pub(in crate::breaker) fn disable_by_fleet_at(&mut self, now: Tick) -> Effects {
        let mut effects = Effects::default();
        if !matches!(self.phase, Phase::ForcedOpen | Phase::Disabled) {
            self.enter_at(now, Phase::Disabled, TransitionReason::Fleet, &mut effects);
        }
        effects
    }

    /// Counts calls again.
    #[cfg(feature = "fleet")]
    pub(in crate::breaker) fn enable_by_fleet_at(&mut self, now: Tick) -> Effects {
        let mut effects = Effects::default();
        self.reopened = 0;
        self.enter_at(now, Phase::Closed, TransitionReason::Fleet, &mut effects);
        effects
    }

    /// Returns how long the circuit is open if it opens now, jitter included.
    #[cfg(feature = "fleet")]
    pub(in crate::breaker) fn next_open_time(&self) -> Duration {
        let fraction = self.rng.clone().next_fraction();
        self.config.open_time(self.reopened, fraction)
    }

    /// Replaces the configuration; state, generation and as much of the window as fits stay.
    pub(in crate::breaker) fn reconfigure_at(&mut self, now: Tick, config: BreakerConfig) {
        if config.window != self.config.window {
            self.window = self.window.resized_at(now, config.window);
        }
        self.config = config;
    }

    /// Continues from a restored state. A half-open breaker probes at once.
    pub(in crate::breaker) fn restore_at(&mut self, now: Tick, restored: RestoredState) -> Effects {
        let mut effects = Effects::default();
        let phase = match restored.state {
            CircuitState::Closed => Phase::Closed,
            CircuitState::Open => Phase::Open {
                until: now.after(restored.remaining),
            },
            CircuitState::HalfOpen => Phase::Open { until: now },
            CircuitState::ForcedOpen => Phase::ForcedOpen,
            CircuitState::Disabled => Phase::Disabled,
        };
        if phase.state() != self.phase.state() || phase.state() == CircuitState::Open {
            self.enter_at(now, phase, TransitionReason::Restored, &mut effects);
        }
        self.reopened = restored.reopened;
        self.counted = 0;
        self.consecutive = if phase == Phase::Closed {
            restored.consecutive
        } else {
            0
        };
        effects
    }
}

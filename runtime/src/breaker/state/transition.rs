//! Changes of state, as effects of a step of the machine.

use crate::{
    event::{CircuitState, TransitionReason},
    time::Tick,
};
use std::time::Duration;

/// One change of state, as an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::breaker) struct Transition {
    pub(in crate::breaker) from: CircuitState,
    pub(in crate::breaker) to: CircuitState,
    pub(in crate::breaker) reason: TransitionReason,
    /// When the state changed.
    pub(in crate::breaker) at: Tick,
    pub(in crate::breaker) generation: u64,
    pub(in crate::breaker) consecutive: u32,
    pub(in crate::breaker) lasts: Option<Duration>,
}

/// The effects of one step: at most two transitions, for example where a half-open time and the
/// open time after it have both passed without a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::breaker) struct Effects([Option<Transition>; 2]);

impl Effects {
    pub(super) fn push(&mut self, transition: Transition) {
        let [first, second] = &mut self.0;
        let free = if first.is_none() { first } else { second };
        debug_assert!(free.is_none(), "one step makes at most two transitions");
        *free = Some(transition);
    }

    pub(in crate::breaker) fn iter(&self) -> impl Iterator<Item = &Transition> {
        self.0.iter().flatten()
    }
}

//! Openings of a circuit, which explain its rejections.

use crate::{error::ErrorId, event::CircuitState};
use std::sync::OnceLock;

/// One opening of the circuit: from the change to an open state until the circuit closes, is
/// disabled or opens again.
#[derive(Debug)]
pub(super) struct Opening {
    /// The first generation whose rejections it explains.
    pub(super) generation: u64,
    /// The first generation that has its cause.
    pub(super) caused: u64,
    /// The failure that opened the circuit.
    pub(super) cause: Option<Box<str>>,
    /// Made when it is first read.
    id: OnceLock<ErrorId>,
}

impl Opening {
    pub(super) fn new(generation: u64, caused: u64, cause: Option<Box<str>>) -> Self {
        Self {
            generation,
            caused,
            cause,
            id: OnceLock::new(),
        }
    }

    /// Returns the identity of the opening. A fresh one reads a clock and a generator: never under
    /// the lock.
    pub(super) fn id(&self) -> ErrorId {
        *self.id.get_or_init(ErrorId::new)
    }
}

/// Returns `true` for the states that an opening consists of.
pub(super) fn is_open(state: CircuitState) -> bool {
    matches!(
        state,
        CircuitState::Open | CircuitState::HalfOpen | CircuitState::ForcedOpen
    )
}

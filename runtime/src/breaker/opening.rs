//! Openings of a circuit, which explain its rejections.

use crate::{
    error::{ErrorId, redact},
    event::CircuitState,
};
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// One opening of the circuit: from the change to an open state until the circuit closes, is
/// disabled or opens again.
#[derive(Debug)]
pub(super) struct Opening {
    /// The first generation whose rejections it explains.
    pub(super) generation: u64,
    /// The first generation that has its cause.
    pub(super) caused: u64,
    /// The failure that opened the circuit.
    pub(super) cause: Option<Arc<Cause>>,
    /// Made when it is first read.
    id: OnceLock<ErrorId>,
}

impl Opening {
    pub(super) fn new(generation: u64, caused: u64, cause: Option<Arc<Cause>>) -> Self {
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

/// The text of a cause, from which secrets are removed when it is first read.
pub(super) struct Cause {
    text: Box<str>,
    shown: OnceLock<Box<str>>,
}

impl Cause {
    /// Makes one of the text of a failure, which may have secrets.
    pub(super) fn of_failure(text: &str) -> Arc<Self> {
        Arc::new(Self {
            text: text.into(),
            shown: OnceLock::new(),
        })
    }

    /// Makes one of a text that is shown as it is.
    pub(super) fn shown(text: &str) -> Arc<Self> {
        Arc::new(Self {
            text: "".into(),
            shown: OnceLock::from(Box::from(text)),
        })
    }

    /// Returns the text. Rules of the program run the first time: never under the lock.
    pub(super) fn text(&self) -> &str {
        if let Some(shown) = self.shown.get() {
            return shown;
        }
        // Not while it is set: a rule may read the breaker.
        let shown = redact::text(&self.text).into();
        self.shown.get_or_init(|| shown)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cause").finish_non_exhaustive()
    }
}

/// Returns `true` for the states that an opening consists of.
pub(super) fn is_open(state: CircuitState) -> bool {
    matches!(
        state,
        CircuitState::Open | CircuitState::HalfOpen | CircuitState::ForcedOpen
    )
}

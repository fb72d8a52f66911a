//! What the lock guards: the pure core, the totals, and what is to be told once the lock is gone.

use super::{
    cause::CauseText,
    control::Controls,
    draft::Said,
    observers::{TOLD_LIMIT, Told},
    state::{Core, Effects, Transition},
};
use crate::{
    error::{ErrorId, redact},
    event::{CircuitState, TransitionReason},
    time::Tick,
};
use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
    time::SystemTime,
};

/// What the lock guards.
pub(super) struct Locked {
    pub(super) core: Core,
    /// What was said of the configuration; the core has what it resolved to.
    pub(super) said: Said,
    pub(super) totals: Totals,
    pub(super) last_failure: Option<LastFailure>,
    /// The latest opening. It stays when the circuit closes: rejections are looked at later than
    /// they are made.
    pub(super) opening: Option<Arc<Opening>>,
    /// How many calls were rejected when the opening before the latest one ended.
    pub(super) rejected_before: u64,
    /// What few breakers have, so that all others have no room for it.
    pub(super) rare: Option<Box<Rare>>,
    /// What is to be told once the lock is gone, in order.
    pub(super) outbox: VecDeque<Told>,
    /// Whether somebody is telling; he goes on until the outbox is empty.
    pub(super) telling: bool,
}

/// What few breakers have.
#[derive(Debug, Default)]
pub(super) struct Rare {
    /// Successes and failures of an earlier life, which are part of the totals.
    pub(super) restored: (u64, u64),
    /// The slots of the half-open state that a call further in runs on.
    pub(super) lent: Vec<u64>,
    /// The switches that the breaker is under.
    pub(super) controls: Controls,
}

/// Counts of what goes through the lock anyway, and what was taken over from an earlier life.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) success: u64,
    pub(super) failure: u64,
    pub(super) ignored: u64,
    pub(super) slow: u64,
    pub(super) rejected: u64,
    pub(super) abandoned: u64,
}

#[derive(Clone, Copy)]
pub(super) struct LastFailure {
    pub(super) at: Moment,
    /// Empty where the failure has no text.
    pub(super) cause: CauseText,
}

/// One opening of the circuit: from the change to an open state to the change to another one than
/// half-open.
#[derive(Debug)]
pub(super) struct Opening {
    /// The first generation that it explains.
    generation: u64,
    /// The first generation that has its cause.
    caused: u64,
    /// The failure that opened the circuit.
    cause: Option<Box<str>>,
    /// Made by the first who asks.
    id: OnceLock<ErrorId>,
}

impl Opening {
    /// Returns the identity of the opening. Not to be asked for under the lock.
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

/// When something happened.
#[derive(Clone, Copy)]
pub(super) enum Moment {
    /// In this life of the program.
    Here(Tick),
    /// In an earlier one, whose ticks mean nothing any more.
    Before(SystemTime),
}

impl Moment {
    /// Returns the moment by the wall clock, which shows `wall` at `now`.
    pub(super) fn wall(self, now: Tick, wall: SystemTime) -> SystemTime {
        match self {
            Self::Here(tick) => wall
                .checked_sub(now.since(tick))
                .unwrap_or(SystemTime::UNIX_EPOCH),
            Self::Before(time) => time,
        }
    }
}

impl Locked {
    /// Puts something in the outbox; where a slow observer lets it grow too long, only changes of
    /// state still go in.
    pub(super) fn push(&mut self, told: Told) {
        if self.outbox.len() < TOLD_LIMIT || matches!(told, Told::Transition { .. }) {
            self.outbox.push_back(told);
        }
    }

    /// Returns the opening that explains the rejections of a generation.
    pub(super) fn opening_in(&self, generation: u64) -> Option<Arc<Opening>> {
        self.opening
            .as_ref()
            .filter(|opening| generation >= opening.generation)
            .cloned()
    }

    /// Returns the text of the failure that made the breaker reject in a generation.
    pub(super) fn cause_in(&self, generation: u64) -> Option<&str> {
        self.opening
            .as_ref()
            .filter(|opening| generation >= opening.caused)?
            .cause
            .as_deref()
    }

    /// Turns effects into what is to be told, and remembers what opened the circuit. `rejected` is
    /// how many calls were rejected so far.
    pub(super) fn take(&mut self, effects: Effects, rejected: u64) {
        for &transition in effects.iter() {
            let cause = self.cause_of(transition.reason);
            self.take_transition(transition, cause, rejected);
        }
    }

    /// As [`take`](Self::take), where an earlier life of the program knew what opened the circuit.
    pub(super) fn take_restored(
        &mut self,
        effects: Effects,
        opened_by: Option<&str>,
        rejected: u64,
    ) {
        for &transition in effects.iter() {
            let cause = opened_by
                .filter(|_| transition.to == CircuitState::Open)
                .map(Into::into);
            self.take_transition(transition, cause, rejected);
        }
    }

    fn take_transition(&mut self, transition: Transition, cause: Option<Box<str>>, rejected: u64) {
        if let Some(rare) = &mut self.rare {
            rare.lent.clear();
        }
        let ended = self.opening.clone().filter(|_| is_open(transition.from));
        let rejected_in_it = if ended.is_some() {
            rejected.saturating_sub(self.rejected_before)
        } else {
            0
        };
        if ended.is_some() && transition.to != CircuitState::HalfOpen {
            // What a thread rejected before the change and counts after it goes to the next
            // opening: each rejection is in one of them.
            self.rejected_before = rejected;
        }
        let generation = transition.generation;
        let new = match transition.to {
            // A half-open time that ran out has the cause of the opening before it.
            CircuitState::Open if transition.reason == TransitionReason::HalfOpenTimeout => {
                let before = ended
                    .as_ref()
                    .map(|before| (before.caused, before.cause.clone()));
                Some(before.unwrap_or((generation, None)))
            }
            CircuitState::Open => Some((generation, cause.clone())),
            CircuitState::ForcedOpen => Some((generation, Some("forced open by hand".into()))),
            _ => None,
        };
        let began = new.map(|(caused, cause)| {
            Arc::new(Opening {
                generation,
                caused,
                cause,
                id: OnceLock::new(),
            })
        });
        if began.is_some() {
            self.opening.clone_from(&began);
        }
        self.outbox.push_back(Told::Transition {
            transition,
            cause,
            began,
            ended,
            rejected: rejected_in_it,
        });
    }

    /// Returns the text of the failure behind a transition, where a failure is behind it.
    fn cause_of(&self, reason: TransitionReason) -> Option<Box<str>> {
        use TransitionReason::{ConsecutiveFailures, FailureRate, ProbeFailed};
        let by_failure = matches!(reason, ConsecutiveFailures | FailureRate | ProbeFailed);
        let text = self
            .last_failure
            .as_ref()
            .filter(|_| by_failure)?
            .cause
            .as_str();
        (!text.is_empty()).then(|| redact::text(text).into())
    }
}

//! State under the breaker's lock: the machine, totals, the latest failure and opening, and events.

use super::{
    cause::CauseText,
    event_queue::{EventQueue, QueuedEvent, QueuedKind},
    opening::{Cause, Opening, is_open},
    partial_config::ExplicitSettings,
    snapshot::CallCounts,
    state::{Effects, StateMachine, Transition},
};
use crate::{
    event::{CircuitState, TransitionReason},
    time::Tick,
};
use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

/// The state under the lock.
pub(super) struct Locked {
    pub(super) machine: StateMachine,
    /// Which settings were set; the machine has the configuration that they resolved to.
    pub(super) explicit: ExplicitSettings,
    /// How many successes of this process the machine has taken; the others were only counted.
    pub(super) taken_successes: u64,
    pub(super) last_failure: Option<LastFailure>,
    /// The latest opening. It stays when the circuit closes: a rejection can be read later.
    pub(super) opening: Option<Arc<Opening>>,
    /// How many calls were rejected when the opening before the latest one ended.
    pub(super) rejected_before: u64,
    /// Boxed, because few breakers have any.
    pub(super) extras: Option<Box<Extras>>,
    pub(super) events: EventQueue,
}

/// State that few breakers have.
#[derive(Debug, Default)]
pub(super) struct Extras {
    /// The counts of an earlier process.
    pub(super) restored_counts: CallCounts,
    /// The slots of the half-open state that are lent to inner calls.
    pub(super) lent: Vec<u64>,
    /// For each manual control of the breaker, whether it isolates.
    pub(super) isolations: Vec<Weak<AtomicBool>>,
    #[cfg(feature = "fleet")]
    pub(super) membership: Option<super::sharing::Membership>,
}

impl Extras {
    /// Returns `true` if a manual control isolates the breaker.
    pub(super) fn is_isolated(&self) -> bool {
        let controls = self.isolations.iter().filter_map(Weak::upgrade);
        // Relaxed: of two threads that turn controls at once, the later one under the breaker's
        // lock sees both flags.
        controls
            .into_iter()
            .any(|isolates| isolates.load(Ordering::Relaxed))
    }
}

/// The latest failure.
#[derive(Clone, Copy)]
pub(super) struct LastFailure {
    pub(super) at: Moment,
    /// The text of this failure, or of one that was less than [`TEXT_LASTS`] before it. Empty where
    /// the failure has no text.
    pub(super) cause: CauseText,
    /// When the text was written; [`Tick::MAX`] if it was in an earlier process. Not an `Option`,
    /// which is twice as long.
    pub(super) written: Tick,
}

/// How long the text of a failure stands for those after it, which open no circuit.
pub(super) const TEXT_LASTS: Duration = Duration::from_secs(1);

/// A moment of this process or of an earlier one.
#[derive(Clone, Copy)]
pub(super) enum Moment {
    Here(Tick),
    /// Ticks of an earlier process are meaningless here.
    Before(SystemTime),
}

impl Moment {
    /// Returns the later of this moment and one of this process.
    pub(super) fn no_earlier_than(self, other: Option<Tick>) -> Self {
        match (self, other) {
            (Self::Here(tick), Some(other)) => Self::Here(tick.max(other)),
            _ => self,
        }
    }

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
    /// Disables the circuit by hand; also one that its fleet has disabled, which closes it no longer.
    pub(super) fn disable_at(&mut self, now: Tick) -> Effects {
        #[cfg(feature = "fleet")]
        if let Some(membership) = self.membership_mut() {
            membership.note_by_hand();
        }
        self.machine.disable_at(now)
    }

    /// Returns `true` if the text of the latest failure does for one at `now`, too.
    pub(super) fn has_fresh_text_at(&self, now: Tick) -> bool {
        self.last_failure
            .as_ref()
            .is_some_and(|last| last.written <= now && now.since(last.written) < TEXT_LASTS)
    }

    /// Returns the opening that explains the rejections of a generation.
    pub(super) fn opening_in(&self, generation: u64) -> Option<Arc<Opening>> {
        self.opening
            .as_ref()
            .filter(|opening| generation >= opening.generation)
            .cloned()
    }

    /// Returns the text of the failure that made the breaker reject in a generation.
    pub(super) fn cause_in(&self, generation: u64) -> Option<Arc<Cause>> {
        self.opening
            .as_ref()
            .filter(|opening| generation >= opening.caused)?
            .cause
            .clone()
    }

    /// Turns effects into events, and remembers what opened the circuit. `restored` is the cause
    /// that an earlier process knew, `rejected` the number of calls that were rejected so far.
    pub(super) fn apply(&mut self, effects: Effects, restored: Option<&str>, rejected: u64) {
        for &transition in effects.iter() {
            let restored = restored.filter(|_| transition.to == CircuitState::Open);
            let cause = restored.map(Cause::shown);
            let cause = cause.or_else(|| self.cause_of(transition.reason));
            self.apply_transition(transition, cause, rejected);
        }
    }

    fn apply_transition(
        &mut self,
        transition: Transition,
        cause: Option<Arc<Cause>>,
        rejected: u64,
    ) {
        if let Some(extras) = &mut self.extras {
            extras.lent.clear();
            #[cfg(feature = "fleet")]
            if let Some(membership) = &mut extras.membership {
                membership.note(&transition);
            }
        }
        let ended = self.opening.clone().filter(|_| is_open(transition.from));
        let rejected_in_it = if ended.is_some() {
            rejected.saturating_sub(self.rejected_before)
        } else {
            0
        };
        if ended.is_some() && transition.to != CircuitState::HalfOpen {
            // A rejection from before the change that is counted after it goes to the next opening:
            // each rejection is in exactly one.
            self.rejected_before = rejected;
        }
        let generation = transition.generation;
        let new = match transition.to {
            // A half-open time that ran out keeps the cause of the opening before it.
            CircuitState::Open if transition.reason == TransitionReason::HalfOpenTimeout => {
                let before = ended
                    .as_ref()
                    .map(|before| (before.caused, before.cause.clone()));
                Some(before.unwrap_or((generation, None)))
            }
            CircuitState::Open => Some((generation, cause.clone())),
            CircuitState::ForcedOpen => {
                Some((generation, Some(Cause::shown("forced open by hand"))))
            }
            _ => None,
        };
        let began = new.map(|(caused, cause)| Arc::new(Opening::new(generation, caused, cause)));
        if began.is_some() {
            self.opening.clone_from(&began);
        }
        let previous = ended.clone().filter(|_| began.is_some());
        self.events.push(QueuedEvent {
            generation,
            opening: began.or(ended),
            kind: QueuedKind::Transition {
                transition,
                cause,
                previous,
                rejected: rejected_in_it,
            },
        });
    }

    /// Returns the text of the failure that caused a transition, if a failure did.
    fn cause_of(&self, reason: TransitionReason) -> Option<Arc<Cause>> {
        use TransitionReason::{ConsecutiveFailures, FailureRate, ProbeFailed};
        let by_failure = matches!(reason, ConsecutiveFailures | FailureRate | ProbeFailed);
        let text = self
            .last_failure
            .as_ref()
            .filter(|_| by_failure)?
            .cause
            .as_str();
        (!text.is_empty()).then(|| Cause::of_failure(text))
    }
}

//! What the lock guards: the pure core, the totals, and what is to be told once the lock is gone.

use super::{
    cause::CauseText,
    draft::Said,
    observers::{TOLD_LIMIT, Told},
    state::{Core, Effects, Transition},
};
use crate::{
    error::redact,
    event::{CircuitState, TransitionReason},
    time::Tick,
};
use std::{collections::VecDeque, time::SystemTime};

/// What the lock guards.
pub(super) struct Locked {
    pub(super) core: Core,
    /// What was said of the configuration; the core has what it resolved to.
    pub(super) said: Said,
    pub(super) totals: Totals,
    pub(super) last_failure: Option<LastFailure>,
    /// The failure that opened the circuit, and the first generation that it explains.
    pub(super) opened_by: Option<(u64, Option<Box<str>>)>,
    /// What is to be told once the lock is gone, in order.
    pub(super) outbox: VecDeque<Told>,
    /// Whether somebody is telling; he goes on until the outbox is empty.
    pub(super) telling: bool,
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
            Self::Here(tick) => wall.checked_sub(now.since(tick)).unwrap_or(SystemTime::UNIX_EPOCH),
            Self::Before(time) => time,
        }
    }
}

impl Locked {
    /// Puts something in the outbox; where a slow observer lets it grow too long, only changes of state still go in.
    pub(super) fn push(&mut self, told: Told) {
        if self.outbox.len() < TOLD_LIMIT || matches!(told, Told::Transition { .. }) {
            self.outbox.push_back(told);
        }
    }

    /// Turns effects into what is to be told, and remembers what opened the circuit.
    pub(super) fn take(&mut self, effects: Effects) {
        for &transition in effects.iter() {
            let cause = self.cause_of(transition.reason);
            self.take_transition(transition, cause);
        }
    }

    /// As [`take`](Self::take), where an earlier life of the program knew what opened the circuit.
    pub(super) fn take_restored(&mut self, effects: Effects, opened_by: Option<&str>) {
        for &transition in effects.iter() {
            let cause = opened_by.filter(|_| transition.to == CircuitState::Open).map(Into::into);
            self.take_transition(transition, cause);
        }
    }

    fn take_transition(&mut self, transition: Transition, cause: Option<Box<str>>) {
        match transition.to {
            // A half-open time that ran out explains nothing new.
            CircuitState::Open if transition.reason == TransitionReason::HalfOpenTimeout => {}
            CircuitState::Open => self.opened_by = Some((transition.generation, cause.clone())),
            CircuitState::ForcedOpen => {
                self.opened_by = Some((transition.generation, Some("forced open by hand".into())));
            }
            _ => {}
        }
        self.outbox.push_back(Told::Transition { transition, cause });
    }

    /// Returns the text of the failure behind a transition, where a failure is behind it.
    fn cause_of(&self, reason: TransitionReason) -> Option<Box<str>> {
        use TransitionReason::{ConsecutiveFailures, FailureRate, ProbeFailed};
        let by_failure = matches!(reason, ConsecutiveFailures | FailureRate | ProbeFailed);
        let text = self.last_failure.as_ref().filter(|_| by_failure)?.cause.as_str();
        (!text.is_empty()).then(|| redact::text(text).into())
    }
}

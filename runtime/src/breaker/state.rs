//! State machine of a breaker, pure: state, input and the present tick give a new state and
//! effects. No clock, no atomics, no callbacks.
//!
//! `state/half_open.rs` limits the time of the probes, `state/tripping.rs` tells what opens a closed
//! circuit, `state/manual.rs` has the changes by hand.

mod half_open;
mod manual;
mod transition;
mod tripping;

use super::{
    config::{BreakerConfig, WindowKind},
    window::{EntryId, Tally, Window},
};
use crate::{
    event::{CircuitState, TransitionReason},
    rng::Rng,
    time::Tick,
};
pub(super) use half_open::HalfOpen;
pub(super) use manual::RestoredState;
use std::time::Duration;
pub(super) use transition::{Effects, Transition};

/// The whole state of one breaker, except for the counts that decide nothing.
#[derive(Clone, Debug)]
pub(super) struct StateMachine {
    config: BreakerConfig,
    phase: Phase,
    /// When the phase was entered.
    since: Tick,
    /// Grows with each change of state; a verdict of an older generation changes nothing.
    generation: u64,
    /// Failures in a row, while closed, that the machine was driven by.
    consecutive: u32,
    /// Failures of the same row that were only counted.
    counted: u32,
    /// How often recovery has failed since the circuit was last closed.
    reopened: u32,
    window: Window,
    /// The source of the jitter; part of the state, so that equal seeds give equal histories.
    rng: Rng,
}

/// The state, with what belongs to it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Closed,
    Open { until: Tick },
    HalfOpen(HalfOpen),
    ForcedOpen,
    Disabled,
}

impl Phase {
    pub(super) fn state(self) -> CircuitState {
        match self {
            Self::Closed => CircuitState::Closed,
            Self::Open { .. } => CircuitState::Open,
            Self::HalfOpen(_) => CircuitState::HalfOpen,
            Self::ForcedOpen => CircuitState::ForcedOpen,
            Self::Disabled => CircuitState::Disabled,
        }
    }
}

/// The outcome of an admitted call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) failure: bool,
    pub(super) slow: bool,
    /// The window entry of a call that was counted as slow while it ran.
    pub(super) counted: Option<EntryId>,
    /// When a probe was admitted; meaningless for other calls.
    pub(super) started: Tick,
    /// Whether the call ran on the slot of an outer call.
    pub(super) lent: bool,
}

/// The state at a moment, as an observer sees it: reading it changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) state: CircuitState,
    /// How long until time alone ends the state; zero where the next call ends it.
    pub(super) remaining: Option<Duration>,
    /// When the state was entered.
    pub(super) since: Tick,
}

impl StateMachine {
    pub(super) fn new(config: BreakerConfig, now: Tick, rng: Rng) -> Self {
        let window = Window::new(config.window);
        Self {
            config,
            phase: Phase::Closed,
            since: now,
            generation: 0,
            consecutive: 0,
            counted: 0,
            reopened: 0,
            window,
            rng,
        }
    }

    pub(super) fn config(&self) -> &BreakerConfig {
        &self.config
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the number of failures in a row, while closed.
    pub(super) fn consecutive(&self) -> u32 {
        self.consecutive.saturating_add(self.counted)
    }

    pub(super) fn reopened(&self) -> u32 {
        self.reopened
    }

    pub(super) fn tally_at(&self, now: Tick) -> Tally {
        self.window.tally_at(now)
    }

    /// Adds quick successes that were only counted: since the machine was last driven, all of them
    /// before what drives it now.
    pub(super) fn record_successes(&mut self, successes: u64) {
        if self.phase == Phase::Closed && successes > 0 {
            self.end_row();
            self.window.record_successes(successes);
        }
    }

    fn end_row(&mut self) {
        (self.consecutive, self.counted) = (0, 0);
    }

    /// Notes how many failures of the present row were only counted.
    pub(super) fn note_counted(&mut self, failures: u64) {
        self.counted = u32::try_from(failures).unwrap_or(u32::MAX);
    }

    /// Returns when the state was entered.
    pub(super) fn since(&self) -> Tick {
        self.since
    }

    /// Returns the shortest time that decides anything in the present state; zero where calls are
    /// timed or probed, whose times are measured.
    pub(super) fn shortest_time(&self) -> Duration {
        let dropped = Some(self.config.abandoned_after).filter(|after| !after.is_zero());
        let dropped = dropped.unwrap_or(Duration::MAX);
        match (self.phase, self.config.window) {
            (Phase::Open { until }, _) => until.since(self.since),
            (Phase::HalfOpen(_), _) => Duration::ZERO,
            (Phase::Closed, _) if self.config.is_timed() => Duration::ZERO,
            (Phase::Closed, Some(WindowKind::Time(span))) => span.min(dropped),
            (Phase::Closed | Phase::ForcedOpen | Phase::Disabled, _) => dropped,
        }
    }

    /// Lets the open time begin at `now`, where it was entered by a reading that lagged.
    pub(super) fn begin_open_at(&mut self, now: Tick) {
        if let Phase::Open { until } = &mut self.phase {
            *until = until.after(now.since(self.since));
            self.since = self.since.max(now);
        }
    }

    /// Ends the open time that began at `since`, a moment that the clock has not reached: the clock
    /// was exchanged or set back, so that the rest of the time is unknown. The next call is a
    /// probe. Returns `true` if an open time was ended.
    pub(super) fn leave_time_line_at(&mut self, now: Tick, since: Tick) -> bool {
        match &mut self.phase {
            Phase::Open { until } if self.since == since && now < since => {
                (*until, self.since) = (now, now);
                true
            }
            _ => false,
        }
    }

    /// Admits or rejects a call, after the timed changes that are due. A rejection has the time
    /// until a call may be admitted, where that is known.
    pub(super) fn admit_at(&mut self, now: Tick) -> (Result<(), Option<Duration>>, Effects) {
        let mut effects = Effects::default();
        self.expire_half_open_at(now, &mut effects);
        if let Phase::Open { until } = self.phase
            && now >= until
        {
            let half_open = HalfOpen::new(now, self.config.half_open_timeout);
            self.enter_at(
                now,
                Phase::HalfOpen(half_open),
                TransitionReason::RecoveryTimeElapsed,
                &mut effects,
            );
        }
        let answer = match &mut self.phase {
            Phase::Closed | Phase::Disabled => Ok(()),
            Phase::Open { until } => Err(Some(until.since(now))),
            Phase::ForcedOpen => Err(None),
            Phase::HalfOpen(probes) if probes.slots_in_use() < self.config.half_open_max_calls => {
                if now >= probes.until() {
                    // The limit passed without an answer and without a hang: the next probe gets a
                    // whole one.
                    probes.renew_at(now, self.config.half_open_timeout);
                }
                probes.admit_at(now);
                Ok(())
            }
            // A slot comes free when a probe ends, at a time that cannot be known.
            Phase::HalfOpen(_) => Err(None),
        };
        (answer, effects)
    }

    /// Admits a probe on the slot of an outer call, if the half-open state of `generation` is not
    /// over.
    pub(super) fn lend_at(&mut self, now: Tick, generation: u64) -> (bool, Effects) {
        if generation != self.generation {
            return (false, Effects::default());
        }
        let effects = self.pass_time_at(now);
        match &mut self.phase {
            Phase::HalfOpen(probes) if generation == self.generation => {
                probes.lend_at(now);
                (true, effects)
            }
            _ => (false, effects),
        }
    }

    /// Applies the change that time alone makes: the end of a half-open state.
    pub(super) fn pass_time_at(&mut self, now: Tick) -> Effects {
        let mut effects = Effects::default();
        self.expire_half_open_at(now, &mut effects);
        effects
    }

    /// Records the outcome of a call that was admitted in `generation`; one of an older generation
    /// changes nothing.
    pub(super) fn record_at(&mut self, now: Tick, generation: u64, outcome: Outcome) -> Effects {
        if generation != self.generation {
            return Effects::default();
        }
        // An outcome after the end of the half-open time must not close the circuit.
        let mut effects = self.pass_time_at(now);
        if generation != self.generation {
            return effects;
        }
        match &mut self.phase {
            Phase::Closed => self.record_closed_at(now, outcome, &mut effects),
            Phase::HalfOpen(probes) => {
                probes.end(outcome.started, outcome.lent);
                if outcome.failure {
                    self.reopen_at(now, TransitionReason::ProbeFailed, &mut effects);
                } else if outcome.slow && self.config.slow_rate.is_some() {
                    self.reopen_at(now, TransitionReason::ProbeSlow, &mut effects);
                } else if probes.count_success() >= self.config.success_threshold {
                    self.reopened = 0;
                    let reason = TransitionReason::ProbesSucceeded;
                    self.enter_at(now, Phase::Closed, reason, &mut effects);
                }
            }
            // No call is admitted in the generation of an open state, and a disabled breaker
            // records nothing.
            Phase::Open { .. } | Phase::ForcedOpen | Phase::Disabled => {}
        }
        effects
    }

    fn record_closed_at(&mut self, now: Tick, outcome: Outcome, effects: &mut Effects) {
        if outcome.failure {
            self.consecutive = self.consecutive.saturating_add(1);
        } else {
            self.end_row();
        }
        match outcome.counted {
            None => {
                self.window.record_at(now, outcome.failure, outcome.slow);
            }
            Some(entry) if outcome.failure => self.window.amend_failure_at(now, entry),
            Some(_) => {}
        }
        self.trip_at(now, effects);
    }

    /// Returns the identity of the entry that the next call gets in the window.
    pub(super) fn next_entry_at(&self, now: Tick) -> EntryId {
        self.window.next_entry_at(now)
    }

    /// Counts a call of the present generation as slow that is still running.
    pub(super) fn record_pending_slow_at(&mut self, now: Tick) -> Effects {
        let mut effects = Effects::default();
        if self.phase == Phase::Closed {
            self.window.record_at(now, false, true);
            self.trip_at(now, &mut effects);
        }
        effects
    }

    /// Takes back the slot of a call that was admitted in `generation` and neither succeeded nor
    /// failed; `answered` if it ended in a permanent error. Returns `true` if that generation is
    /// the present one.
    pub(super) fn release_at(
        &mut self,
        now: Tick,
        generation: u64,
        started: Tick,
        lent: bool,
        answered: bool,
    ) -> (bool, Effects) {
        if generation != self.generation {
            return (false, Effects::default());
        }
        let effects = self.pass_time_at(now);
        let is_current = generation == self.generation;
        if let Phase::HalfOpen(probes) = &mut self.phase
            && is_current
        {
            probes.end(started, lent);
            if answered {
                probes.note_answer();
            }
        }
        (is_current, effects)
    }

    fn trip_at(&mut self, now: Tick, effects: &mut Effects) {
        if let Some(reason) = self.tripped_at(now) {
            self.open_at(now, reason, effects);
        }
    }

    /// Ends a half-open state whose limit has passed, as of the moment at which it passed.
    fn expire_half_open_at(&mut self, now: Tick, effects: &mut Effects) {
        if let Some((ended, phase, reason)) = self.expired_half_open_at(now) {
            // A probe that hangs is a failed one.
            let hung = phase != Phase::Closed;
            self.reopened = if hung {
                self.reopened.saturating_add(1)
            } else {
                0
            };
            self.enter_at(ended, phase, reason, effects);
        } else if let Phase::HalfOpen(probes) = &mut self.phase {
            let limit = self.config.half_open_timeout;
            if now >= probes.until() && probes.are_running() {
                probes.renew_at(probes.until(), limit);
            } else if probes.is_ahead_of(now) && probes.until().since(now) > limit {
                // It was measured on another time line, where the clock was ahead of this one.
                probes.renew_at(now, limit);
                self.since = now;
            }
        }
    }

    /// Returns when the limit ended the half-open state, what followed and why, if it ended it.
    ///
    /// A state in which no probe hung and none was answered by a permanent error goes on: the
    /// absence of calls, or cancelled calls, are no reason to reject the next one.
    fn expired_half_open_at(&self, now: Tick) -> Option<(Tick, Phase, TransitionReason)> {
        let Phase::HalfOpen(probes) = self.phase else {
            return None;
        };
        let (ended, hung) = probes.ended_at(now, self.config.half_open_timeout)?;
        if !hung {
            return Some((ended, Phase::Closed, TransitionReason::ProbesAnswered));
        }
        // A copy of the generator: reading must not advance it, and the change itself draws the
        // same number.
        let fraction = self.rng.clone().next_fraction();
        let until = self
            .config
            .open_until(ended, self.reopened.saturating_add(1), fraction);
        Some((
            ended,
            Phase::Open { until },
            TransitionReason::HalfOpenTimeout,
        ))
    }

    /// Returns the state as the next call would find it.
    pub(super) fn view_at(&self, now: Tick) -> View {
        let expired = self
            .expired_half_open_at(now)
            .map(|(ended, phase, _)| (ended, phase));
        let (since, phase) = expired.unwrap_or((self.since, self.phase));
        let (state, remaining, since) = match phase {
            Phase::Open { until } if now >= until => {
                (CircuitState::HalfOpen, Some(Duration::ZERO), until)
            }
            Phase::Open { until } => (CircuitState::Open, Some(until.since(now)), since),
            Phase::HalfOpen(probes) => {
                let renewed = now >= probes.until() && probes.are_running();
                let limit = if renewed {
                    self.config.half_open_timeout
                } else {
                    Duration::ZERO
                };
                let remaining = probes.until().after(limit).since(now);
                (CircuitState::HalfOpen, Some(remaining), since)
            }
            other => (other.state(), None, since),
        };
        View {
            state,
            remaining,
            since,
        }
    }

    fn reopen_at(&mut self, now: Tick, reason: TransitionReason, effects: &mut Effects) {
        self.reopened = self.reopened.saturating_add(1);
        self.open_at(now, reason, effects);
    }

    fn open_at(&mut self, now: Tick, reason: TransitionReason, effects: &mut Effects) {
        let fraction = self.rng.clone().next_fraction();
        let until = self.config.open_until(now, self.reopened, fraction);
        self.enter_at(now, Phase::Open { until }, reason, effects);
    }

    /// Begins a new generation in another state.
    fn enter_at(
        &mut self,
        now: Tick,
        phase: Phase,
        reason: TransitionReason,
        effects: &mut Effects,
    ) {
        let lasts = match phase {
            Phase::Open { until } => Some(until.since(now)),
            Phase::HalfOpen(probes) => Some(probes.until().since(now)),
            _ => None,
        };
        self.generation += 1;
        effects.push(Transition {
            from: self.phase.state(),
            to: phase.state(),
            reason,
            at: now,
            generation: self.generation,
            consecutive: self.consecutive(),
            lasts,
        });
        self.phase = phase;
        self.since = now;
        self.end_row();
        self.window.clear();
        // Each state draws its jitter anew.
        self.rng.next_u64();
    }
}

//! The state machine, pure: state, input and now give a new state and effects. No clock, no
//! atomics, no callbacks.

use super::{
    config::BreakerConfig,
    window::{EntryId, Tally, Window},
};
use crate::{
    event::{CircuitState, TransitionReason},
    rng::Rng,
    time::Tick,
};
use std::time::Duration;

/// The whole state of one breaker, but for what only counts and never decides.
#[derive(Clone, Debug)]
pub(super) struct Core {
    config: BreakerConfig,
    phase: Phase,
    since: Tick,
    /// Grows with each change of state; a verdict of an older one changes nothing.
    generation: u64,
    /// Failures in a row, while closed.
    consecutive: u32,
    /// How often recovery has failed since the circuit was last closed.
    reopened: u32,
    window: Window,
    /// The source of the jitter; part of the state, so that equal seeds give equal histories.
    rng: Rng,
}

/// What the breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Closed,
    Open { until: Tick },
    HalfOpen(HalfOpen),
    ForcedOpen,
    Disabled,
}

/// The probes of a half-open state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HalfOpen {
    /// When the limit is over.
    until: Tick,
    /// The middle of the time up to the limit: a probe that began by then and runs at the limit
    /// hangs. One that began later may only be the latest of many, as under load there is always
    /// one.
    middle: Tick,
    in_flight: u32,
    /// Those in flight that run on the slot of a call around them.
    lent: u32,
    /// Those in flight that began by `middle`.
    early: u32,
    successes: u32,
    /// Whether a probe ended in a permanent error: the callee answered.
    answered: bool,
}

impl HalfOpen {
    fn new(now: Tick, limit: Duration) -> Self {
        let (until, middle) = (now.after(limit), now.after(limit / 2));
        Self {
            until,
            middle,
            in_flight: 0,
            lent: 0,
            early: 0,
            successes: 0,
            answered: false,
        }
    }

    fn admit_at(&mut self, now: Tick) {
        self.in_flight += 1;
        self.early += u32::from(now <= self.middle);
    }

    /// Takes back the slot of a probe that began at `started`.
    fn end(&mut self, started: Tick, lent: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.lent = self.lent.saturating_sub(u32::from(lent));
        self.early = self.early.saturating_sub(u32::from(started <= self.middle));
    }

    /// Sets the limit anew from a moment on; the probes in flight began before it.
    fn renew_at(&mut self, at: Tick, limit: Duration) {
        let (in_flight, lent, early) = (self.in_flight, self.lent, self.in_flight);
        *self = Self {
            in_flight,
            lent,
            early,
            successes: self.successes,
            answered: self.answered,
            ..Self::new(at, limit)
        };
    }

    /// Returns `true` if the limit is further away than twice its length when it was set, whatever
    /// is configured by now.
    fn is_ahead_of(&self, now: Tick) -> bool {
        let half = self.until.since(self.middle);
        self.until.since(now) > half.saturating_mul(4)
    }

    /// Returns when the limit ended the state and whether a probe hung, if it did.
    fn ended_at(&self, now: Tick, limit: Duration) -> Option<(Tick, bool)> {
        if now < self.until {
            return None;
        }
        if self.early > 0 || self.answered {
            return Some((self.until, self.early > 0));
        }
        // Probes that began late have until the next limit.
        let next = self.until.after(limit);
        (self.in_flight > 0 && now >= next).then_some((next, true))
    }
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

/// The answer to a call that wants in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Admitted,
    Rejected { retry_after: Option<Duration> },
}

/// What became of an admitted call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) failure: bool,
    pub(super) slow: bool,
    /// The entry under which the call was counted already, when it was seen to be slow while it
    /// ran.
    pub(super) counted: Option<EntryId>,
    /// When a probe was admitted; of no meaning for other calls.
    pub(super) started: Tick,
    /// Whether the call ran on the slot of a call around it.
    pub(super) lent: bool,
}

/// One change of state, as an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transition {
    pub(super) from: CircuitState,
    pub(super) to: CircuitState,
    pub(super) reason: TransitionReason,
    pub(super) generation: u64,
    pub(super) consecutive: u32,
    pub(super) lasts: Option<Duration>,
}

/// The effects of one step: at most two transitions, as when a half-open time and the open time
/// after it have both passed unnoticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effects([Option<Transition>; 2]);

impl Effects {
    fn push(&mut self, transition: Transition) {
        let [first, second] = &mut self.0;
        let free = if first.is_none() { first } else { second };
        debug_assert!(free.is_none(), "one step makes at most two transitions");
        *free = Some(transition);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Transition> {
        self.0.iter().flatten()
    }
}

/// How the state looks at a moment; looking changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) state: CircuitState,
    /// How long until the state can be left by the passing of time; zero where a call would leave
    /// it now.
    pub(super) remaining: Option<Duration>,
    /// When the state was entered.
    pub(super) since: Tick,
}

/// What a breaker takes over from an earlier life.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    pub(super) state: CircuitState,
    pub(super) remaining: Duration,
    pub(super) consecutive: u32,
    pub(super) reopened: u32,
}

impl Core {
    pub(super) fn new(config: BreakerConfig, now: Tick, rng: Rng) -> Self {
        let window = Window::new(config.window);
        Self {
            config,
            phase: Phase::Closed,
            since: now,
            generation: 0,
            consecutive: 0,
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

    pub(super) fn consecutive(&self) -> u32 {
        self.consecutive
    }

    pub(super) fn reopened(&self) -> u32 {
        self.reopened
    }

    pub(super) fn tally_at(&self, now: Tick) -> Tally {
        self.window.tally_at(now)
    }

    /// Admits a probe on the slot of a call around it, if the half-open state of `generation` is
    /// not over.
    pub(super) fn lend_at(&mut self, now: Tick, generation: u64) -> (bool, Effects) {
        if generation != self.generation {
            return (false, Effects::default());
        }
        let effects = self.pass_time_at(now);
        match &mut self.phase {
            Phase::HalfOpen(probes) if generation == self.generation => {
                probes.admit_at(now);
                probes.lent += 1;
                (true, effects)
            }
            _ => (false, effects),
        }
    }

    /// Tells whether a quick success would change nothing, so that it need not be told.
    pub(super) fn is_saturated(&self) -> bool {
        self.phase == Phase::Closed && self.consecutive == 0 && self.window.is_saturated()
    }

    /// Returns when the state was entered.
    pub(super) fn since(&self) -> Tick {
        self.since
    }

    /// Ends the open time that began at `since`, a moment that the clock has not reached: the clock
    /// was exchanged or set back, and how much of the time is left cannot be known. The next call
    /// is a probe. Returns `true` if it ended one.
    pub(super) fn leave_time_line_at(&mut self, now: Tick, since: Tick) -> bool {
        match &mut self.phase {
            Phase::Open { until } if self.since == since && now < since => {
                (*until, self.since) = (now, now);
                true
            }
            _ => false,
        }
    }

    /// Answers a call that wants in, after the timed changes that are due.
    pub(super) fn admit_at(&mut self, now: Tick) -> (Admission, Effects) {
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
        let admission = match &mut self.phase {
            Phase::Closed | Phase::Disabled => Admission::Admitted,
            Phase::Open { until } => Admission::Rejected {
                retry_after: Some(until.since(now)),
            },
            Phase::ForcedOpen => Admission::Rejected { retry_after: None },
            Phase::HalfOpen(probes)
                if probes.in_flight - probes.lent < self.config.half_open_max_calls =>
            {
                if now >= probes.until {
                    // The limit passed without an answer and without a hang: the next probe has a
                    // whole one.
                    probes.renew_at(now, self.config.half_open_timeout);
                }
                probes.admit_at(now);
                Admission::Admitted
            }
            // A slot comes free when a probe ends, which nobody can know beforehand.
            Phase::HalfOpen(_) => Admission::Rejected { retry_after: None },
        };
        (admission, effects)
    }

    /// Tells whether the verdict on a quick success can be taken without knowing the time: it can
    /// neither change the state nor expire a bucket.
    pub(super) fn is_success_timeless(&self) -> bool {
        let Window::Count(_) = self.window else {
            return self.phase == Phase::Closed && matches!(self.window, Window::None);
        };
        // One more success lowers each rate, but it may be the call that makes the rates known; a
        // window that is at its limit already was reconfigured to it.
        let tally = self.window.tally_at(Tick::ZERO);
        self.phase == Phase::Closed
            && (tally.calls + 1 < u64::from(self.config.min_calls)
                || tally.calls >= u64::from(self.config.min_calls)
                    && self.tripped_at(Tick::ZERO).is_none())
    }

    /// Makes the change that time alone has made due: the end of a half-open state.
    pub(super) fn pass_time_at(&mut self, now: Tick) -> Effects {
        let mut effects = Effects::default();
        self.expire_half_open_at(now, &mut effects);
        effects
    }

    /// Takes the verdict on a call that was admitted in `generation`; one of an older generation
    /// changes nothing.
    pub(super) fn record_at(&mut self, now: Tick, generation: u64, outcome: Outcome) -> Effects {
        if generation != self.generation {
            return Effects::default();
        }
        // A verdict that comes after the half-open time is over must not close the circuit: time
        // went first.
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
                } else {
                    probes.successes = probes.successes.saturating_add(1);
                    if probes.successes >= self.config.success_threshold {
                        self.close_at(now, TransitionReason::ProbesSucceeded, &mut effects);
                    }
                }
            }
            // Nobody is admitted in the generation of an open state, and a disabled breaker records
            // nothing.
            Phase::Open { .. } | Phase::ForcedOpen | Phase::Disabled => {}
        }
        effects
    }

    fn record_closed_at(&mut self, now: Tick, outcome: Outcome, effects: &mut Effects) {
        self.consecutive = if outcome.failure {
            self.consecutive.saturating_add(1)
        } else {
            0
        };
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

    /// Takes back the slot that was given in `generation` to a call that neither succeeded nor
    /// failed; `answered` where it ended in a permanent error. Returns `true` if that generation
    /// still is.
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
            probes.answered |= answered;
        }
        (is_current, effects)
    }

    fn trip_at(&mut self, now: Tick, effects: &mut Effects) {
        if let Some(reason) = self.tripped_at(now) {
            self.open_at(now, reason, effects);
        }
    }

    fn tripped_at(&self, now: Tick) -> Option<TransitionReason> {
        if self
            .config
            .failure_threshold
            .is_some_and(|threshold| self.consecutive >= threshold)
        {
            return Some(TransitionReason::ConsecutiveFailures);
        }
        let rates = self.rates_of(self.window.tally_at(now));
        let reached = |rate: Option<f64>, limit: Option<f64>| matches!((rate, limit), (Some(r), Some(l)) if r >= l);
        if reached(rates.failure, self.config.failure_rate) {
            return Some(TransitionReason::FailureRate);
        }
        reached(rates.slow, self.config.slow_rate).then_some(TransitionReason::SlowRate)
    }

    /// Returns the rates of a window's content: unknown below the minimum number of calls.
    pub(super) fn rates_of(&self, tally: Tally) -> Rates {
        if self.config.window.is_none() || tally.calls < u64::from(self.config.min_calls) {
            return Rates {
                failure: None,
                slow: None,
            };
        }
        let of_all = |part: u64| part as f64 / tally.calls as f64;
        Rates {
            failure: Some(of_all(tally.failures)),
            slow: self.config.slow_call.map(|_| of_all(tally.slow)),
        }
    }

    /// Ends a half-open state whose limit ended it, as of the moment at which it did.
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
            if now >= probes.until && probes.in_flight > 0 {
                probes.renew_at(probes.until, limit);
            } else if probes.is_ahead_of(now) && probes.until.since(now) > limit {
                // It was measured on another time line, where the clock was ahead of this one.
                probes.renew_at(now, limit);
                self.since = now;
            }
        }
    }

    /// Returns when the limit ended the half-open state, what followed and why, if it did.
    ///
    /// A state in which no probe hung and none was answered by a permanent error goes on: that
    /// nobody called, or that calls were given up, is no reason to reject the next one.
    fn expired_half_open_at(&self, now: Tick) -> Option<(Tick, Phase, TransitionReason)> {
        let Phase::HalfOpen(probes) = self.phase else {
            return None;
        };
        let (ended, hung) = probes.ended_at(now, self.config.half_open_timeout)?;
        if !hung {
            return Some((ended, Phase::Closed, TransitionReason::ProbesAnswered));
        }
        // A copy of the generator: looking must not move it, and the change itself draws the same
        // number.
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

    /// Returns how the state looks now: as the next call would find it before it is answered.
    pub(super) fn view_at(&self, now: Tick) -> View {
        let expired = self
            .expired_half_open_at(now)
            .map(|(ended, phase, _)| (ended, phase));
        let (since, phase) = expired.unwrap_or((self.since, self.phase));
        let (state, remaining) = match phase {
            Phase::Open { until } if now < until => (CircuitState::Open, Some(until.since(now))),
            Phase::Open { until } => {
                return View {
                    state: CircuitState::HalfOpen,
                    remaining: Some(Duration::ZERO),
                    since: until,
                };
            }
            Phase::HalfOpen(probes) => {
                let renewed = now >= probes.until && probes.in_flight > 0;
                let limit = if renewed {
                    self.config.half_open_timeout
                } else {
                    Duration::ZERO
                };
                (
                    CircuitState::HalfOpen,
                    Some(probes.until.after(limit).since(now)),
                )
            }
            other => (other.state(), None),
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

    fn close_at(&mut self, now: Tick, reason: TransitionReason, effects: &mut Effects) {
        self.reopened = 0;
        self.enter_at(now, Phase::Closed, reason, effects);
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
            Phase::Open { until } | Phase::HalfOpen(HalfOpen { until, .. }) => {
                Some(until.since(now))
            }
            _ => None,
        };
        self.generation += 1;
        effects.push(Transition {
            from: self.phase.state(),
            to: phase.state(),
            reason,
            generation: self.generation,
            consecutive: self.consecutive,
            lasts,
        });
        self.phase = phase;
        self.since = now;
        self.consecutive = 0;
        self.window.clear();
        // Each state draws its jitter anew.
        self.rng.next_u64();
    }

    /// Rejects every call until a reset.
    pub(super) fn force_open_at(&mut self, now: Tick) -> Effects {
        self.turn_at(now, Phase::ForcedOpen)
    }

    /// Lets every call through uncounted until a reset.
    pub(super) fn disable_at(&mut self, now: Tick) -> Effects {
        self.turn_at(now, Phase::Disabled)
    }

    /// Closes the circuit and forgets what was held against it.
    pub(super) fn reset_at(&mut self, now: Tick) -> Effects {
        self.reopened = 0;
        self.consecutive = 0;
        self.window.clear();
        if self.phase == Phase::Closed {
            // No event, but a new generation: what began before the reset must not count after it.
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

    /// Lets probes through from now on; only from a state that rejects.
    pub(super) fn half_open_at(&mut self, now: Tick) -> (Result<(), CircuitState>, Effects) {
        let mut effects = Effects::default();
        // What time does happened, whatever the answer is.
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

    /// Keeps the circuit open for at least `duration` from now. The two manual states stay as they
    /// are.
    pub(super) fn open_for_at(&mut self, now: Tick, duration: Duration) -> Effects {
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

    /// Takes another configuration; state, generation and as much of the window as fits stay.
    pub(super) fn reconfigure_at(&mut self, now: Tick, config: BreakerConfig) {
        if config.window != self.config.window {
            self.window = self.window.resized_at(now, config.window);
        }
        self.config = config;
    }

    /// Goes on where an earlier life stopped. A half-open one probes at once.
    pub(super) fn restore_at(&mut self, now: Tick, memory: Memory) -> Effects {
        let mut effects = Effects::default();
        let phase = match memory.state {
            CircuitState::Closed => Phase::Closed,
            CircuitState::Open => Phase::Open {
                until: now.after(memory.remaining),
            },
            CircuitState::HalfOpen => Phase::Open { until: now },
            CircuitState::ForcedOpen => Phase::ForcedOpen,
            CircuitState::Disabled => Phase::Disabled,
        };
        if phase.state() != self.phase.state() || phase.state() == CircuitState::Open {
            self.enter_at(now, phase, TransitionReason::Restored, &mut effects);
        }
        self.reopened = memory.reopened;
        self.consecutive = if phase == Phase::Closed {
            memory.consecutive
        } else {
            0
        };
        effects
    }
}

/// The rates of a window; `None` means unknown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    pub(super) failure: Option<f64>,
    pub(super) slow: Option<f64>,
}

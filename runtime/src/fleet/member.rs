//! One shared breaker as one instance sees it, pure: the local state, replies and the present tick in; operations and
//! changes of the local breaker out. No clock, no store, no lock.

use super::{
    operation::{Action, Lease, ProbeOutcome, Reply, Report, Rule, SharedPhase, SharedState},
    pacing::Pacing,
    probe_lease::{ProbeLease, SPREAD, Settlement},
    store_state::StoreState,
};
use crate::{
    breaker::{FleetChange, LocalPhase, LocalState, TransitionReason},
    rng::Rng,
    time::Tick,
};
use std::time::Duration;

/// One shared breaker.
#[derive(Debug)]
pub(super) struct Member {
    rng: Rng,
    pacing: Pacing,
    /// Whether the store answers for this breaker: it may have an answer for another one alone.
    store: StoreState,
    /// The generation of the local breaker that was looked at last.
    generation: Option<u64>,
    /// Counts that were reported.
    reported: Counts,
    /// The demand for calls when the breaker last opened or began to probe.
    served: u64,
    known: Known,
    vote: Option<Vote>,
    /// When the local breaker opened by its own outcomes, as long as the fleet may have closed before that.
    opened_at: Option<Tick>,
    /// Whether the local breaker is closed because its probes succeeded, which the store may not know: without the store
    /// probes need no lease.
    has_recovered: bool,
    lease: ProbeLease,
    read_at: Tick,
    in_flight: Option<InFlight>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    success: u64,
    failure: u64,
    slow: u64,
}

/// What is known of the state in the store.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    epoch: Option<u64>,
    is_open: bool,
    /// When an update brought it; `None` where a reply did.
    updated: Option<Tick>,
    /// Whether it is to be learnt again, also where it has not changed.
    is_stale: bool,
}

/// An opening of the local breaker that the fleet has not agreed to yet.
#[derive(Clone, Copy, Debug)]
struct Vote {
    row: u32,
    until: Tick,
    is_sent: bool,
}

#[derive(Clone, Copy, Debug)]
struct InFlight {
    sent: Tick,
    /// The generation of the local breaker.
    generation: u64,
    settlement: Option<Settlement>,
}

/// What a member does next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Next {
    Send(Action),
    /// Nothing before a moment, unless something happens.
    Wait(Tick),
}

/// What limits a member from outside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conditions {
    /// When operations may be sent.
    pub(super) send_at: Tick,
    /// Whether updates arrive, so that the state must not be read as often.
    pub(super) is_listening: bool,
}

/// How often the state is read where nothing is reported: without updates often enough that an opening is known to the
/// fleet within a quarter of a second.
const READ_EVERY: Duration = Duration::from_millis(200);
const READ_EVERY_BESIDE_UPDATES: Duration = Duration::from_secs(5);

/// For how long an instance repeats that its circuit is open: longer than successes of others prevent an opening.
const VOTE_LASTS: Duration = Duration::from_secs(2);

/// The random part of the time for which an instance holds its breaker open, so that not all ask for the lease at once.
const JITTER: f64 = 0.1;

impl Member {
    pub(super) fn new(lease_time: Duration, rng: Rng) -> Self {
        Self {
            store: StoreState::new(rng.clone()),
            rng,
            pacing: Pacing::default(),
            generation: None,
            reported: Counts::default(),
            served: 0,
            known: Known::default(),
            vote: None,
            opened_at: None,
            has_recovered: false,
            lease: ProbeLease::new(lease_time),
            read_at: Tick::ZERO,
            in_flight: None,
        }
    }

    /// Takes note of what the local breaker did, and returns what to do.
    pub(super) fn next_at(
        &mut self,
        now: Tick,
        local: &LocalState,
        conditions: Conditions,
    ) -> Next {
        self.observe_at(now, local);
        if self.in_flight.is_some() {
            return Next::Wait(Tick::MAX);
        }
        let send_at = match conditions.send_at {
            // It answers for others.
            Tick::ZERO => self.store.retry_at(),
            retry_at => retry_at,
        };
        let at_once = self.pacing.turn_ahead().max(send_at);
        let in_turn = self.pacing.turn().max(send_at);
        let mut wake = Tick::MAX;
        // Each due action, the most urgent first, with the moment at which it may go.
        let settle = self.lease.has_settlement().then_some(at_once);
        let has_demand = local.demand != self.served;
        // The fleet is open still: its circuit is closed with a lease only.
        let closes = self.has_recovered && self.known.is_open;
        let ask = self.lease.wanted_from(now, local, has_demand, closes);
        let ask = ask.map(|at| at.max(at_once));
        let vote = self.vote.map(|vote| match vote.is_sent {
            true => in_turn,
            false => at_once,
        });
        let report = self.has_outcomes(local).then_some(in_turn);
        let read = Some(self.read_at.max(in_turn));
        for (due, kind) in [
            (settle, Kind::Settle),
            (ask, Kind::Lease),
            (vote, Kind::Report),
            (report, Kind::Report),
            (read, Kind::Read),
        ] {
            match due {
                Some(at) if at <= now => return self.send_at(now, local, conditions, kind),
                Some(at) => wake = wake.min(at),
                None => {}
            }
        }
        Next::Wait(wake)
    }

    fn send_at(
        &mut self,
        now: Tick,
        local: &LocalState,
        conditions: Conditions,
        kind: Kind,
    ) -> Next {
        let mut settlement = None;
        let action = match kind {
            Kind::Settle => {
                let Settlement { outcome, open_for } =
                    *settlement.insert(self.lease.take_settlement());
                Action::Settle { outcome, open_for }
            }
            Kind::Lease => Action::Lease,
            Kind::Report => Action::Report(self.report(local)),
            Kind::Read => Action::Read,
        };
        self.pacing.take_at(now);
        self.store.sent_at(now);
        self.read_at = now.after(if conditions.is_listening {
            READ_EVERY_BESIDE_UPDATES
        } else {
            READ_EVERY
        });
        self.in_flight = Some(InFlight {
            sent: now,
            generation: local.generation,
            settlement,
        });
        Next::Send(action)
    }

    /// Takes the outcomes that were not reported. They are gone if the store does not answer: counts are hints, and an
    /// operation whose reply was lost may have been applied.
    fn report(&mut self, local: &LocalState) -> Report {
        let counts = Counts::of(local);
        let before = std::mem::replace(&mut self.reported, counts);
        let row = self.vote.map_or(local.row, |vote| vote.row);
        if let Some(vote) = &mut self.vote {
            vote.is_sent = true;
        }
        let open_for = match local.phase {
            LocalPhase::Open { remaining } if self.vote.is_some() => remaining,
            _ => local.open_time,
        };
        Report {
            success: counts.success.saturating_sub(before.success),
            failure: counts.failure.saturating_sub(before.failure),
            slow: counts.slow.saturating_sub(before.slow),
            row,
            rule: Rule::of(&local.config),
            open_for,
        }
    }

    fn has_outcomes(&self, local: &LocalState) -> bool {
        let counts = Counts::of(local);
        (counts.success, counts.failure) != (self.reported.success, self.reported.failure)
    }

    /// Compares the local breaker with what it was.
    fn observe_at(&mut self, now: Tick, local: &LocalState) {
        use TransitionReason::{
            ConsecutiveFailures, FailureRate, HalfOpenTimeout, ProbeFailed, ProbeSlow,
            ProbesAnswered, ProbesSucceeded, SlowRate,
        };
        self.vote = self.vote.filter(|vote| now < vote.until);
        if self.generation == Some(local.generation) {
            return;
        }
        if self.generation.is_none() {
            self.reported = Counts::of(local);
        }
        self.generation = Some(local.generation);
        self.has_recovered = matches!(local.phase, LocalPhase::Closed)
            && matches!(local.reason, Some(ProbesSucceeded | ProbesAnswered));
        match (local.phase, local.reason) {
            (LocalPhase::Open { remaining }, Some(ProbeFailed | ProbeSlow | HalfOpenTimeout)) => {
                self.lease.settle(Settlement {
                    outcome: ProbeOutcome::Failure,
                    open_for: remaining,
                });
            }
            (LocalPhase::Closed, Some(ProbesSucceeded | ProbesAnswered)) => {
                self.lease.settle(Settlement::SUCCESS);
            }
            (LocalPhase::HalfOpen { .. }, _) => self.lease.outdate(),
            _ => self.lease.settle(Settlement::RELEASED),
        }
        let has_opened = matches!(local.phase, LocalPhase::Open { .. })
            && matches!(
                local.reason,
                Some(ConsecutiveFailures | FailureRate | SlowRate)
            );
        self.vote = has_opened.then_some(Vote {
            row: local.row,
            until: now.after(VOTE_LASTS),
            is_sent: false,
        });
        match local.phase {
            LocalPhase::Open { .. } if has_opened => self.opened_at = Some(now),
            LocalPhase::Open { .. } | LocalPhase::HalfOpen { .. } => {}
            LocalPhase::Closed | LocalPhase::ByHand => self.opened_at = None,
        }
        // Calls that were rejected before want nothing any longer.
        self.served = local.demand;
        self.lease.ask_from(Tick::ZERO);
    }

    /// Takes the reply to the operation that was sent.
    pub(super) fn replied_at(
        &mut self,
        now: Tick,
        local: &LocalState,
        action: &Action,
        reply: &Reply,
    ) -> Vec<FleetChange> {
        // An opening since the last look must not be taken for the one that the reply closes.
        self.observe_at(now, local);
        self.store.answered();
        let Some(InFlight { sent, .. }) = self.in_flight.take() else {
            return Vec::new();
        };
        let is_old = self.known.updated.is_some_and(|updated| updated >= sent)
            && self
                .known
                .epoch
                .is_some_and(|epoch| reply.state.epoch < epoch);
        if is_old {
            // An update overtook the reply, and its lease with it.
            self.read_at = now;
            if *action == Action::Lease {
                self.lease.ask_from(now);
            }
            return Vec::new();
        }
        if reply.state.phase != SharedPhase::Closed {
            // The fleet closes later than this instance opened.
            self.opened_at = self.opened_at.filter(|opened| *opened > sent);
        }
        let held = self.learn(local, &reply.state, None);
        // What the lease is granted for is half-open, here too.
        let held = held.filter(|_| reply.lease != Some(Lease::Granted));
        let mut changes = Vec::from_iter(held);
        let is_closed = matches!(local.phase, LocalPhase::Closed | LocalPhase::ByHand);
        match reply.lease {
            Some(Lease::Granted) if is_closed => {
                self.lease.settle_granted(match self.has_recovered {
                    true => Settlement::SUCCESS,
                    false => Settlement::RELEASED,
                });
            }
            Some(Lease::Granted) => changes.push(self.lease.granted_at(now, sent)),
            Some(Lease::Held(time)) => {
                let spread = SPREAD.mul_f64(self.rng.next_fraction());
                let time = time.saturating_add(spread);
                changes.push(self.lease.denied_at(now, time));
            }
            None if *action == Action::Lease => match reply.state.phase {
                // The open time began anew, or the clock of the store is slower than this one.
                SharedPhase::Open { remaining } => {
                    changes.push(self.lease.denied_at(now, remaining));
                }
                _ if is_closed => {}
                // The circuit is open here alone, by what this instance saw.
                SharedPhase::Closed | SharedPhase::HalfOpen => {
                    self.lease.ask_from(Tick::MAX);
                    changes.push(FleetChange::Probe { time: None });
                }
            },
            None => {}
        }
        changes
    }

    /// Lets the state be read as soon as possible.
    pub(super) fn read_soon_at(&mut self, now: Tick) {
        self.read_at = now;
    }

    /// Lets the state be learnt again: while the store was lost, the local breaker may have changed by itself.
    pub(super) fn store_is_back_at(&mut self, now: Tick) {
        self.known.is_stale = true;
        self.read_at = now;
        self.store.answered();
    }

    /// Takes a failure of the operation that was sent.
    pub(super) fn failed_at(&mut self, now: Tick, action: &Action) -> Option<FleetChange> {
        self.store.failed_at(now);
        let in_flight = self.in_flight.take()?;
        if let Some(settlement) = in_flight.settlement {
            let is_current = self.generation == Some(in_flight.generation);
            self.lease.restore(settlement, is_current);
        }
        (*action == Action::Lease).then(|| self.lease.failed_at(now))
    }

    /// Returns when the store counts as lost for this breaker, unless it answers before.
    pub(super) fn lost_from(&self) -> Tick {
        self.store.lost_from()
    }

    /// Takes a state that another instance published.
    pub(super) fn updated_at(
        &mut self,
        now: Tick,
        local: &LocalState,
        state: &SharedState,
    ) -> Option<FleetChange> {
        self.observe_at(now, local);
        match self.known.epoch {
            Some(epoch) if state.epoch == epoch && !self.known.is_stale => None,
            Some(epoch) if state.epoch < epoch => {
                // Out of order, or the store began anew: only a reply tells.
                self.read_at = now;
                None
            }
            _ => self.learn(local, state, Some(now)),
        }
    }

    fn learn(
        &mut self,
        local: &LocalState,
        state: &SharedState,
        updated: Option<Tick>,
    ) -> Option<FleetChange> {
        let before = self.known;
        let is_open = state.phase != SharedPhase::Closed;
        self.known = Known {
            epoch: Some(state.epoch),
            is_open,
            updated,
            is_stale: false,
        };
        self.has_recovered &= is_open;
        if before.epoch == Some(state.epoch) && !before.is_stale {
            return None;
        }
        let duration = match state.phase {
            SharedPhase::Closed => {
                // What the store does not know may have been evicted: it says nothing about what this instance saw.
                let held = state.epoch == 0;
                let closes = before.is_open && self.opened_at.is_none();
                return closes.then_some(FleetChange::Close { held });
            }
            // The store is asked to close it.
            SharedPhase::HalfOpen if before.is_stale && self.has_recovered => return None,
            SharedPhase::HalfOpen => Duration::ZERO,
            SharedPhase::Open { remaining } => {
                let jitter = 1.0 + JITTER * self.rng.next_fraction();
                let longest = local.config.max_recovery_timeout;
                remaining.min(longest).mul_f64(jitter).min(longest)
            }
        };
        if before.epoch != Some(state.epoch) {
            (self.vote, self.opened_at) = (None, None);
        }
        self.lease.lose();
        Some(FleetChange::Hold {
            duration,
            reopened: state.reopened,
        })
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Settle,
    Lease,
    Report,
    Read,
}

impl Counts {
    fn of(local: &LocalState) -> Self {
        Self {
            success: local.counts.success,
            failure: local.counts.failure,
            slow: local.counts.slow,
        }
    }
}

//! The lease for the probe as one instance has it, and the outcome that ends it.

use super::operation::ProbeOutcome;
use crate::{
    breaker::{FleetChange, LocalPhase, LocalState},
    time::Tick,
};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct ProbeLease {
    time: Duration,
    /// The end of the lease that this instance has.
    ends: Option<Tick>,
    /// When it may be asked for again.
    ask_at: Tick,
    /// The outcome that the store does not know yet.
    settlement: Option<Settlement>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Settlement {
    pub(super) outcome: ProbeOutcome,
    pub(super) open_for: Duration,
}

impl Settlement {
    pub(super) const RELEASED: Self = Self {
        outcome: ProbeOutcome::Released,
        open_for: Duration::ZERO,
    };
    pub(super) const SUCCESS: Self = Self {
        outcome: ProbeOutcome::Success,
        open_for: Duration::ZERO,
    };
}

/// The wait after which another one asks for a lease that should have ended, at random up to this.
pub(super) const SPREAD: Duration = Duration::from_millis(100);

/// When the lease is asked for again after the store did not answer.
const ASK_AGAIN: Duration = Duration::from_secs(1);

impl ProbeLease {
    pub(super) fn new(time: Duration) -> Self {
        Self {
            time,
            ends: None,
            ask_at: Tick::ZERO,
            settlement: None,
        }
    }

    /// Returns from when on the lease is wanted, if it is. `closes`: the circuit of the fleet is closed with it alone.
    pub(super) fn wanted_from(
        &self,
        now: Tick,
        local: &LocalState,
        has_demand: bool,
        closes: bool,
    ) -> Option<Tick> {
        let ends = self.ends.unwrap_or(Tick::ZERO);
        // Who has not used the lease asks for it after the others.
        let again = self.ends.map_or(Tick::ZERO, |ends| ends.after(SPREAD * 2));
        match local.phase {
            LocalPhase::Open { remaining } if has_demand => {
                Some(now.after(remaining).max(again).max(self.ask_at))
            }
            // While the probe runs the lease is kept, as long as this process lives.
            LocalPhase::HalfOpen { is_running: true } if self.ends.is_some() => {
                Some(before(ends, self.time / 2).max(self.ask_at))
            }
            LocalPhase::HalfOpen { is_running: false } if has_demand => {
                Some(again.max(self.ask_at))
            }
            LocalPhase::Closed if closes => Some(self.ask_at),
            _ => None,
        }
    }

    /// Takes the lease that was asked for at a moment.
    pub(super) fn granted_at(&mut self, now: Tick, sent: Tick) -> FleetChange {
        let ends = sent.after(self.time);
        self.ends = Some(ends);
        let time = Some(ends.since(now));
        FleetChange::Probe { time }
    }

    /// Lets the lease be asked for after a time.
    pub(super) fn denied_at(&mut self, now: Tick, time: Duration) -> FleetChange {
        self.ends = None;
        self.ask_at = now.after(time);
        FleetChange::Deny { time }
    }

    /// Lets the lease be asked for after the store did not answer. One that is there stays: only more time was asked for.
    pub(super) fn failed_at(&mut self, now: Tick) -> FleetChange {
        self.ask_at = now.after(ASK_AGAIN);
        FleetChange::Deny { time: ASK_AGAIN }
    }

    /// Lets the lease be asked for from a moment on.
    pub(super) fn ask_from(&mut self, at: Tick) {
        self.ask_at = at;
    }

    /// The fleet has begun another epoch, whose lease this is not.
    pub(super) fn lose(&mut self) {
        (self.ends, self.ask_at) = (None, Tick::ZERO);
    }

    /// Ends the lease, if there is one, in the state that the breaker has now. What an earlier state made of it no longer holds.
    pub(super) fn settle(&mut self, settlement: Settlement) {
        if self.ends.take().is_some() || self.settlement.is_some() {
            self.settlement = Some(settlement);
        }
    }

    /// Gives a lease back whose outcome the store does not know, and that is none of the present state.
    pub(super) fn outdate(&mut self) {
        if self.settlement.is_some() {
            self.settlement = Some(Settlement::RELEASED);
        }
    }

    /// Ends a lease that was granted for this alone.
    pub(super) fn settle_granted(&mut self, settlement: Settlement) {
        self.settlement = Some(settlement);
    }

    pub(super) fn has_settlement(&self) -> bool {
        self.settlement.is_some()
    }

    pub(super) fn take_settlement(&mut self) -> Settlement {
        self.settlement.take().unwrap_or(Settlement::RELEASED)
    }

    /// Takes back a settlement that the store may not know. It is sent again as it was if the breaker is in the state that it is
    /// from.
    pub(super) fn restore(&mut self, settlement: Settlement, is_current: bool) {
        self.settlement.get_or_insert(match is_current {
            true => settlement,
            false => Settlement::RELEASED,
        });
    }
}

fn before(tick: Tick, duration: Duration) -> Tick {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    Tick::from_nanos(tick.as_nanos().saturating_sub(nanos))
}

//! One shared rate limiter as one instance sees it, pure: what calls used and the present tick in, the next operation out. No
//! clock, no store, no lock.

use super::{
    operation::{Permits, Take},
    pacing::{EVERY, Pacing},
    store_state::StoreState,
};
use crate::{
    rate_limit::{LocalLimit, MOST_PERMITS, USE_TIME},
    rng::Rng,
    time::Tick,
};
use std::time::Duration;

/// One shared rate limiter.
#[derive(Debug)]
pub(super) struct LimitMember {
    pacing: Pacing,
    /// Whether the store answers for this limiter: it may know nothing of limits.
    store: StoreState,
    /// What the limiter holds as far as is known. What it has not when it is looked at was used.
    known: u64,
    /// Permits that were used, which the store may not know.
    unreported: u64,
    in_flight: Option<InFlight>,
    /// How many operations were sent.
    sent: u64,
    /// How many permits calls wanted lately; half of it is forgotten every 100 ms. With steady calls it is what they want in
    /// 200 ms.
    demand: f64,
    demanded_at: Tick,
    /// When calls were last seen.
    used_at: Option<Tick>,
    answered_at: Option<Tick>,
    instances: u32,
}

#[derive(Clone, Copy, Debug)]
struct InFlight {
    used: u64,
    /// By the clock of the limiter.
    asked_at: Tick,
}

/// For how long the store keeps them: longer, so that a thread which was interrupted, or a clock that is a little slow, uses
/// none that others have.
const HOLD_TIME: Duration = Duration::from_secs(12);

/// The time between two operations of a limiter without calls.
const RENEWAL: Duration = Duration::from_secs(4);

/// After a call the limiter is looked at every 100 ms for so long.
const ACTIVE: Duration = Duration::from_secs(1);

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextTake {
    Wait(Tick),
    Ask {
        /// How many permits to hold at most when the operation is sent, and how many after it.
        want: u64,
    },
}

impl LimitMember {
    pub(super) fn new(rng: Rng) -> Self {
        Self {
            pacing: Pacing::default(),
            store: StoreState::new(rng),
            known: 0,
            unreported: 0,
            in_flight: None,
            sent: 0,
            demand: 0.0,
            demanded_at: Tick::ZERO,
            used_at: None,
            answered_at: None,
            instances: 1,
        }
    }

    /// Returns `true` if the store has not answered for this limiter in time.
    pub(super) fn is_lost_at(&self, now: Tick) -> bool {
        self.store.is_lost_at(now)
    }

    /// Returns when the store counts as lost for this limiter.
    pub(super) fn lost_from(&self) -> Tick {
        self.store.lost_from()
    }

    /// Notes what calls have used and missed since the last look.
    pub(super) fn note_at(&mut self, now: Tick, local: &LocalLimit) {
        let used = self.known.saturating_sub(local.left);
        self.known = local.held;
        self.unreported = self.unreported.saturating_add(used);
        let wanted = used.saturating_add(local.missed);
        if wanted > 0 {
            self.demand = self.demand_at(now) + wanted.min(u64::from(local.burst)) as f64;
            (self.demanded_at, self.used_at) = (now, Some(now));
        }
    }

    /// Notes that the limiter used permits by its own rate, or while it was not looked at.
    pub(super) fn note_used(&mut self, permits: u64) {
        self.unreported = self.unreported.saturating_add(permits);
    }

    /// Notes how many permits the limiter had when it gave up those beyond `left`.
    pub(super) fn note_given_up(&mut self, before: u64, left: u64) {
        self.note_used(self.known.saturating_sub(before));
        self.known = before.min(left);
    }

    /// Returns `true` if there were no calls lately.
    pub(super) fn is_quiet_at(&self, now: Tick) -> bool {
        self.used_at.is_none_or(|at| now.since(at) >= ACTIVE)
    }

    /// Returns when an operation may be sent at the earliest.
    pub(super) fn earliest(&self, send_at: Tick) -> Tick {
        match self.in_flight {
            Some(_) => Tick::MAX,
            None => self
                .pacing
                .turn_ahead()
                .max(self.store.retry_at())
                .max(send_at),
        }
    }

    /// Returns with how many permits the limiter should ask for others at once.
    pub(super) fn low_at(&self, now: Tick, held: u64, burst: u32) -> u64 {
        match self.is_quiet_at(now) {
            // The first call begins another time of looks.
            true => held.saturating_sub(1),
            false => self.target_at(now, burst) / 2,
        }
    }

    /// Decides what comes next, where the last look has been noted.
    pub(super) fn next_at(
        &self,
        now: Tick,
        local: &LocalLimit,
        is_lost: bool,
        send_at: Tick,
    ) -> NextTake {
        let want = self.target_at(now, local.burst);
        let is_low = self.known <= want / 2 || local.missed > 0;
        let is_short = is_low && self.known < want && !self.is_quiet_at(now);
        let due = match self.answered_at {
            None => Tick::ZERO,
            Some(_) if is_lost || is_short => Tick::ZERO,
            Some(_) if self.unreported > 0 || self.known > want => self.pacing.turn(),
            Some(at) => at.after(RENEWAL),
        };
        let due = due.max(self.earliest(send_at));
        if due <= now {
            return NextTake::Ask { want };
        }
        NextTake::Wait(match self.is_quiet_at(now) {
            true => due,
            false => due.min(now.after(EVERY)),
        })
    }

    /// Notes that an operation is sent, and returns it. Permits beyond `want` have been given up.
    pub(super) fn send_at(
        &mut self,
        now: Tick,
        asked_at: Tick,
        local: &LocalLimit,
        want: u64,
    ) -> Take {
        self.pacing.take_at(now);
        self.store.sent_at(now);
        let used = self.unreported;
        self.in_flight = Some(InFlight { used, asked_at });
        self.sent += 1;
        Take {
            number: self.sent,
            interval: local.interval,
            burst: local.burst,
            used,
            held: self.known,
            want,
            hold_time: HOLD_TIME,
        }
    }

    /// Notes a reply; returns until when the permits may be used, by the clock of the limiter. The caller adds them, and
    /// notes them by [`note_added`](Self::note_added).
    pub(super) fn replied_at(&mut self, now: Tick, permits: &Permits) -> Option<Tick> {
        let in_flight = self.in_flight.take()?;
        self.store.answered();
        self.unreported = self.unreported.saturating_sub(in_flight.used);
        self.answered_at = Some(now);
        self.instances = permits.instances.max(1);
        Some(in_flight.asked_at.after(USE_TIME))
    }

    pub(super) fn note_added(&mut self, permits: u64) {
        self.known += permits;
    }

    pub(super) fn failed_at(&mut self, now: Tick) {
        self.in_flight = None;
        self.store.failed_at(now);
    }

    /// Notes that the store answers again for others: it is asked at once.
    pub(super) fn store_is_back(&mut self) {
        self.store.answered();
    }

    fn demand_at(&self, now: Tick) -> f64 {
        let steps = now.since(self.demanded_at).as_secs_f64() / EVERY.as_secs_f64();
        self.demand * (-steps).exp2()
    }

    /// Returns how many permits the limiter should hold: what calls want in 200 ms, and some for calls after a quiet time.
    fn target_at(&self, now: Tick, burst: u32) -> u64 {
        let demand = self.demand_at(now);
        let demand = match demand < 0.5 {
            true => 0,
            false => demand.ceil() as u64,
        };
        // One for the next call, also where calls are rare.
        let demand = demand.max(u64::from(!self.is_quiet_at(now)));
        let burst = u64::from(burst);
        demand
            .max(reserve(burst, self.instances))
            .min(burst)
            .min(MOST_PERMITS)
    }
}

/// Returns how many permits an instance without calls holds: together they have a quarter of the burst. Where that is less
/// than one for each, one, unless those were more than half of it.
fn reserve(burst: u64, instances: u32) -> u64 {
    let instances = u64::from(instances.max(1));
    match burst / (4 * instances) {
        0 => u64::from(burst >= 2 * instances),
        permits => permits,
    }
}

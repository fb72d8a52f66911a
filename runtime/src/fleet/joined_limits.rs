//! Rate limiters that have joined a fleet: what the fleet reads of them, and does to them.

use super::{
    limit_member::{LimitMember, NextTake},
    operation::{Action, Reply, Take},
};
use crate::{
    rate_limit::{LimiterInner, LimiterLink, Terms},
    rng::Rng,
    time::Tick,
};
use std::sync::{Arc, Weak};

/// The limiters of an instance.
#[derive(Debug, Default)]
pub(super) struct JoinedLimits {
    limits: Vec<JoinedLimit>,
}

#[derive(Debug)]
struct JoinedLimit {
    id: u64,
    name: Arc<str>,
    instance: Arc<str>,
    limiter: Weak<LimiterInner>,
    member: LimitMember,
    standing: Standing,
}

/// By what a limiter decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// By its own rate, of which nothing has changed yet.
    New,
    /// By what the store gives.
    Follows,
    /// Without the store; the latest operation reported so many permits that it used by its own rate.
    Alone { reported: u64 },
}

/// The state of the store at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoreNow {
    pub(super) is_lost: bool,
    /// When operations may be sent; `None` while some are in transit.
    pub(super) send_at: Option<Tick>,
}

/// An operation that is due.
#[derive(Debug)]
pub(super) struct DueTake {
    pub(super) id: u64,
    pub(super) name: Arc<str>,
    pub(super) instance: Arc<str>,
    pub(super) take: Take,
}

impl JoinedLimits {
    pub(super) fn len(&self) -> usize {
        self.limits.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.limits.is_empty()
    }

    /// Takes a limiter in, unless it is there. For the store it is an instance of its own, named after `instance`.
    pub(super) fn join(
        &mut self,
        id: u64,
        limiter: &Arc<LimiterInner>,
        link: &Arc<dyn LimiterLink>,
        instance: &Arc<str>,
        mut rng: Rng,
    ) {
        let weak = Arc::downgrade(limiter);
        self.limits
            .retain(|joined| joined.in_fleet_of(&**link).is_some());
        if self
            .limits
            .iter()
            .any(|joined| joined.limiter.ptr_eq(&weak))
        {
            return;
        }
        let name = limiter.limiter_name();
        // What a limiter of this name and instance held before, in this process or an earlier one, is not this one's.
        let instance = format!("{instance}#{:016x}", rng.next_u64()).into();
        self.limits.push(JoinedLimit {
            id,
            name: name.into(),
            instance,
            limiter: weak,
            member: LimitMember::new(rng),
            standing: Standing::New,
        });
        limiter.join_fleet(link);
    }

    /// Looks at all limiters; returns when to do so again, and what is due.
    pub(super) fn pass_at(
        &mut self,
        now: Tick,
        store: StoreNow,
        link: &dyn LimiterLink,
    ) -> (Tick, Vec<DueTake>) {
        let (mut next, mut due) = (Tick::MAX, Vec::new());
        self.limits.retain_mut(|joined| {
            let Some(limiter) = joined.in_fleet_of(link) else {
                return false;
            };
            let (until, take) = joined.pass_at(now, store, &limiter, link);
            next = next.min(until);
            due.extend(take.map(|take| DueTake {
                id: joined.id,
                name: Arc::clone(&joined.name),
                instance: Arc::clone(&joined.instance),
                take,
            }));
            true
        });
        (next, due)
    }

    /// Applies the reply to an operation; `None` where there was none.
    pub(super) fn complete_at(
        &mut self,
        now: Tick,
        id: u64,
        action: &Action,
        reply: Option<Reply>,
        link: &dyn LimiterLink,
    ) {
        let Action::Take(_) = action else { return };
        let joined = self.limits.iter_mut().find(|joined| joined.id == id);
        if let Some(joined) = joined
            && let Some(limiter) = joined.limiter.upgrade()
        {
            let tick = limiter.tick();
            limiter.change_in_fleet_of(link, || joined.complete_at(now, tick, &limiter, reply));
        }
    }

    pub(super) fn store_is_back(&mut self) {
        self.limits
            .iter_mut()
            .for_each(|joined| joined.member.store_is_back());
    }

    pub(super) fn leave(&mut self, link: &dyn LimiterLink) {
        for joined in self.limits.drain(..) {
            if let Some(limiter) = joined.limiter.upgrade() {
                limiter.leave_fleet(link);
            }
        }
    }
}

impl JoinedLimit {
    /// Returns the limiter unless it is gone, or has joined another fleet.
    fn in_fleet_of(&self, link: &dyn LimiterLink) -> Option<Arc<LimiterInner>> {
        let limiter = self.limiter.upgrade()?;
        limiter.is_in_fleet_of(link).then_some(limiter)
    }

    fn pass_at(
        &mut self,
        now: Tick,
        store: StoreNow,
        limiter: &LimiterInner,
        link: &dyn LimiterLink,
    ) -> (Tick, Option<Take>) {
        let earliest = store
            .send_at
            .map_or(Tick::MAX, |at| self.member.earliest(at));
        // Before the look: what changes after it wakes the fleet.
        if earliest <= now {
            let burst = limiter.look_at_burst();
            limiter.arm(self.member.low_at(now, limiter.held(), burst));
        } else {
            limiter.disarm();
        }
        let asked_at = limiter.tick();
        let local = limiter.look();
        self.member.note_at(now, &local);
        limiter.set_quiet(self.member.is_quiet_at(now));
        let is_lost = store.is_lost || self.member.is_lost_at(now);
        let follows = self.standing == Standing::Follows;
        // It may have decided to be alone while it was not looked at.
        if self.standing == Standing::New || (follows && (is_lost || !limiter.follows())) {
            let tick = limiter.tick();
            limiter.change_in_fleet_of(link, || self.lose_at(tick, limiter));
        }
        let lost_from = if is_lost {
            Tick::MAX
        } else {
            self.member.lost_from()
        };
        let Some(send_at) = store.send_at else {
            return (lost_from, None);
        };
        match self.member.next_at(now, &local, is_lost, send_at) {
            NextTake::Wait(until) => {
                let until = if earliest > now {
                    until.min(earliest)
                } else {
                    until
                };
                (until.min(lost_from), None)
            }
            NextTake::Ask { want } => {
                limiter.disarm();
                let tick = limiter.tick();
                let held = limiter.change_in_fleet_of(link, || limiter.trim_at(tick, want));
                self.member.note_given_up(held.unwrap_or_default(), want);
                // What it used by its own rate, as far as that has not come back.
                let debt = limiter.debt_at(tick);
                if let Standing::Alone { reported } = &mut self.standing {
                    *reported = debt;
                }
                let mut take = self.member.send_at(now, asked_at, &local, want);
                take.used += debt;
                (Tick::MAX, Some(take))
            }
        }
    }

    /// Lets the limiter decide without the store.
    fn lose_at(&mut self, tick: Tick, limiter: &LimiterInner) {
        let terms = limiter.terms_without_fleet();
        if !matches!(terms, Terms::Share(_)) {
            // It knows nothing of them any longer.
            self.member.note_used(limiter.debt_at(tick));
        }
        let dropped = limiter.decide_without_fleet_at(tick, terms);
        self.member.note_given_up(dropped, 0);
        self.standing = Standing::Alone { reported: 0 };
    }

    fn complete_at(&mut self, now: Tick, tick: Tick, limiter: &LimiterInner, reply: Option<Reply>) {
        let Some(permits) = reply.and_then(|reply| reply.permits) else {
            return self.member.failed_at(now);
        };
        let Some(until) = self.member.replied_at(now, &permits) else {
            return;
        };
        if let Standing::Alone { reported } = self.standing {
            let debt = limiter.follow_fleet_at(tick);
            self.member.note_used(debt.saturating_sub(reported));
            self.standing = Standing::Follows;
        }
        limiter.set_instances(permits.instances);
        let added = limiter.add_held_at(tick, permits.granted, until, permits.next);
        self.member.note_added(added);
    }
}

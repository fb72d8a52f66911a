//! What has a state, and is told of when that changes: a breaker, a check, a rule's rate or ratio.
//! No clock, no lock, no I/O.
//!
//! A notification of a state is believed until the next one, so that the last word about a subject must
//! be the truth. Were each state held back by itself, a subject that flaps would be left at
//! whatever it was told first in an interval.

use super::{
    plan::{Content, Episode, Plan},
    published::{PublishedState, RestoredState},
    throttle::Key,
};
use crate::{event::Severity, monitor::Fingerprint, time::Tick};
use std::{collections::HashMap, time::Duration};

/// Whose state it is, on which channel.
pub(super) type Id = (usize, Fingerprint);

/// A state that was just seen.
#[derive(Clone, Debug)]
pub(super) struct Observation {
    pub(super) state: SubjectState,
    /// The rule that tells of it; none where every rule that watches the subject leaves this state
    /// out.
    pub(super) rule: Option<String>,
    pub(super) content: Content,
    /// It is a first state, and good: unsent only where the last notification, of an earlier process,
    /// was not.
    pub(super) is_first_good: bool,
}

/// What a subject is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SubjectState {
    /// The same as long as it is the same state, however urgent.
    pub(super) name: &'static str,
    /// Whether nobody needs to do anything about it.
    pub(super) is_good: bool,
    pub(super) level: Severity,
}

/// What a observation leads to.
#[derive(Clone, Debug)]
pub(super) enum StateVerdict {
    Send(Box<Plan>),
    /// It was counted; another notification will say what the state is then.
    HoldBack,
    /// Nobody has_rule to hear of it.
    Ignore,
}

/// All subjects that were told of late.
#[derive(Debug)]
pub(super) struct Subjects {
    /// So long the notification of a state is not repeated while it is true.
    interval: Duration,
    /// So long a notification may be outdated.
    flap_interval: Duration,
    /// An early notification of what is still bad goes out when so many were held back, the next when ten
    /// times as many were.
    escalate_after: u64,
    all: HashMap<Id, Subject>,
}

#[derive(Debug)]
struct Subject {
    present: Observation,
    /// What the last notification that arrived said.
    delivered: Option<SubjectState>,
    /// What the notification that is on its way says.
    in_flight: Option<SubjectState>,
    /// What came since the last notification.
    unsent: Unsent,
    /// What the notification on its way says of it: added again if it does not arrive.
    carried: Unsent,
    /// Until then what was told is not repeated.
    quiet_until: Tick,
    /// Until then what was told is not made less urgent.
    changed_from: Tick,
    /// Good unsent was told: until then there is no other.
    good_from: Tick,
    /// A notification of the present state did not arrive: until then the same is not tried again.
    not_before: Tick,
    next_escalation: u64,
    /// Of a state that is bad, or was until now.
    outage: Option<Outage>,
    /// What the recovery on its way ends: taken up again if it does not arrive.
    ended: Option<Outage>,
    /// What was told is of an earlier process, and nothing was seen of the subject since.
    is_restored: bool,
    /// The last notification of a bad state was dropped for good: whoever never had it needs no
    /// recovery.
    is_unknown: bool,
}

/// A time in which the state is bad.
#[derive(Clone, Copy, Debug)]
struct Outage {
    /// When it became so, or this process started.
    since: Tick,
    /// How long it had been so then.
    before: Duration,
    /// How often a bad state was seen.
    count: u64,
}

impl Outage {
    fn lasts_at(&self, now: Tick) -> Duration {
        now.since(self.since).saturating_add(self.before)
    }
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settlement {
    Delivered,
    /// It did not arrive, and is sent later.
    Kept,
    /// It will never arrive.
    Dropped,
}

#[derive(Clone, Copy, Debug, Default)]
struct Unsent {
    /// How many observations were not told.
    held_back: u64,
    /// How often the state changed, the change at hand included.
    changes: u64,
}

/// Beyond this many, subjects are told of without being remembered; the limit of the minute holds
/// for them too.
const MAX_SUBJECTS: usize = 10_000;
/// A notification about a state that has changed since is followed by another one after this time,
/// or after the throttle interval where that is shorter.
const FLAP_INTERVAL: Duration = Duration::from_secs(300);

impl Subjects {
    pub(super) fn new(interval: Duration, escalate_after: Option<u64>) -> Self {
        let escalate_after = escalate_after.unwrap_or(u64::MAX);
        Self {
            interval,
            flap_interval: interval.min(FLAP_INTERVAL),
            escalate_after,
            all: HashMap::new(),
        }
    }

    /// How long a notification may be outdated.
    pub(super) fn flap_interval(&self) -> Duration {
        self.flap_interval
    }

    /// Takes over a subject whose last notification, of an earlier process, was about a bad state;
    /// `age` is how old that notification is.
    pub(super) fn restore_at(
        &mut self,
        now: Tick,
        channel: usize,
        restored: RestoredState,
        age: Duration,
    ) {
        let id = (channel, restored.state.fingerprint);
        if self.all.contains_key(&id) || !self.has_room_at(now) {
            return;
        }
        let PublishedState {
            state,
            lasts,
            count,
            ..
        } = restored.state;
        let content = restored.state.into_content();
        let present = Observation {
            state,
            rule: Some(restored.rule),
            content,
            is_first_good: false,
        };
        let mut subject = Subject::new(present, self.escalate_after);
        subject.unsent = Unsent::default();
        subject.delivered = Some(state);
        subject.quiet_until = now.after(self.interval.saturating_sub(age));
        subject.changed_from = now.after(self.flap_interval.saturating_sub(age));
        subject.outage = Some(Outage {
            since: now,
            before: lasts.saturating_add(age),
            count,
        });
        subject.is_restored = true;
        self.all.insert(id, subject);
    }

    /// The subjects that were taken over, and of which nothing was seen since.
    pub(super) fn restored(&self) -> Vec<(Id, Content)> {
        let restored = self.all.iter().filter(|(_, subject)| subject.is_restored);
        let mut restored: Vec<_> = restored
            .map(|(id, subject)| (*id, subject.present.content.clone()))
            .collect();
        restored.sort_by_key(|(id, _)| *id);
        restored
    }

    /// Notes the present state of a subject.
    ///
    /// Outage unsent is told at once when the last word was good or less urgent, good unsent once in an
    /// interval: whoever believes that all is well is never left at that for long, and a subject
    /// that flaps tells three times at most.
    pub(super) fn observe_at(
        &mut self,
        now: Tick,
        id: Id,
        observation: Observation,
    ) -> StateVerdict {
        let has_rule = observation.rule.is_some();
        let known = self.all.get_mut(&id);
        if observation.is_first_good
            && !known
                .as_ref()
                .is_some_and(|subject| subject.is_known_to_be_bad())
        {
            return StateVerdict::Ignore;
        }
        if let Some(subject) = known {
            if subject.goes_on(observation.state) {
                subject.present = observation;
                return StateVerdict::Ignore;
            }
        } else if !has_rule {
            return StateVerdict::Ignore;
        }
        if !self.all.contains_key(&id) && !self.has_room_at(now) {
            let plan = Subject::new(observation, self.escalate_after).plan_at(now, id, false);
            return StateVerdict::Send(Box::new(plan));
        }
        let first_escalation = self.escalate_after;
        let subject = self
            .all
            .entry(id)
            .or_insert_with(|| Subject::new(observation.clone(), first_escalation));
        subject.unsent.changes += u64::from(subject.present.state.name != observation.state.name);
        if !observation.state.is_good {
            let count = &mut subject
                .outage
                .get_or_insert(Outage {
                    since: now,
                    before: Duration::ZERO,
                    count: 0,
                })
                .count;
            // The first notification of a rate is about as many errors as it takes.
            *count += match (&observation.content, *count) {
                (Content::Rate { count, .. }, 0) => *count as u64,
                _ => 1,
            };
        }
        subject.present = observation;
        if subject.is_unknown && subject.present.state.is_good && subject.in_flight.is_none() {
            subject.forget();
            return StateVerdict::Ignore;
        }
        if !has_rule {
            return StateVerdict::Ignore;
        }
        // It is another one: that the last one did not arrive is no reason to hold it back.
        subject.not_before = Tick::ZERO;
        subject.unsent.held_back += 1;
        let is_due = subject.due().is_some_and(|at| at <= now);
        let has_many = subject.unsent.held_back >= subject.next_escalation;
        let is_early = has_many && !subject.present.state.is_good && subject.in_flight.is_none();
        if !is_due && !is_early {
            return StateVerdict::HoldBack;
        }
        subject.unsent.held_back -= 1;
        subject.next_escalation = if is_due {
            first_escalation
        } else {
            subject.next_escalation.saturating_mul(10)
        };
        StateVerdict::Send(Box::new(subject.plan_at(now, id, !is_due)))
    }

    /// Learns what became of a notification; tells whether it was about a subject.
    pub(super) fn settle_at(&mut self, now: Tick, id: Id, settled: Settlement) -> bool {
        let Some(subject) = self.all.get_mut(&id) else {
            return false;
        };
        let Some(sent) = subject.in_flight.take() else {
            return true;
        };
        let carried = std::mem::take(&mut subject.carried);
        let ended = subject.ended.take();
        if !sent.is_good {
            let is_known = subject
                .delivered
                .is_some_and(|delivered| !delivered.is_good);
            subject.is_unknown = settled == Settlement::Dropped && !is_known;
        }
        if settled == Settlement::Delivered {
            subject.delivered = Some(sent);
            subject.quiet_until = now.after(self.interval);
            subject.changed_from = now.after(self.flap_interval);
            if sent.is_good {
                subject.good_from = subject.changed_from;
            }
        } else {
            subject.unsent.held_back += carried.held_back;
            subject.unsent.changes += carried.changes;
            if sent.name == subject.present.state.name {
                subject.not_before = now.after(self.flap_interval);
            }
            if let Some(ended) = ended {
                let later = subject.outage.map_or(0, |outage| outage.count);
                subject.outage = Some(Outage {
                    count: ended.count + later,
                    ..ended
                });
            }
        }
        if subject.is_unknown && subject.present.state.is_good {
            subject.forget();
        }
        true
    }

    /// What is to be told now, because its time has come.
    pub(super) fn due_at(&mut self, now: Tick) -> Vec<Plan> {
        let first_escalation = self.escalate_after;
        let mut plans = Vec::new();
        self.all.retain(|id, subject| {
            if subject.due().is_some_and(|at| at <= now) {
                subject.next_escalation = first_escalation;
                plans.push(Plan {
                    is_fresh: false,
                    ..subject.plan_at(now, *id, false)
                });
            }
            // What is bad is kept until it is over, however long that takes.
            !(subject.present.state.is_good && subject.is_done_at(now))
        });
        plans.sort_by_key(|plan| plan.key);
        plans
    }

    /// What was held back and not told yet, whatever the time.
    pub(super) fn close_at(&mut self, now: Tick) -> Vec<Plan> {
        let unsent = self
            .all
            .iter_mut()
            .filter(|(_, subject)| subject.has_rule() && subject.unsent.held_back > 0);
        let mut plans: Vec<Plan> = unsent
            .map(|(id, subject)| Plan {
                is_fresh: false,
                ..subject.plan_at(now, *id, false)
            })
            .collect();
        plans.sort_by_key(|plan| plan.key);
        plans
    }

    /// Gives what a digest says of a subject whose notification it takes the place of: its present state,
    /// and how many observations were held back, those since the digest began included.
    pub(super) fn collect_at(
        &mut self,
        now: Tick,
        id: Id,
    ) -> Option<(String, u64, Option<PublishedState>)> {
        let subject = self.all.get_mut(&id)?;
        if subject.has_rule() {
            subject.in_flight = Some(subject.present.state);
        }
        let unsent = std::mem::take(&mut subject.unsent);
        subject.carried.held_back += unsent.held_back;
        subject.carried.changes += unsent.changes;
        let Observation { rule, content, .. } = &subject.present;
        let line = content.line(rule.as_deref().unwrap_or_default());
        Some((
            line,
            subject.carried.held_back,
            subject.published_state_at(now, id),
        ))
    }

    /// When `due_at` has something to do next.
    pub(super) fn next_due(&self) -> Option<Tick> {
        self.all.values().filter_map(Subject::due).min()
    }

    fn has_room_at(&mut self, now: Tick) -> bool {
        if self.all.len() >= MAX_SUBJECTS {
            // Those in a state that no rule sends only keep counts.
            self.all
                .retain(|_, subject| subject.has_rule() && !subject.is_done_at(now));
        }
        self.all.len() < MAX_SUBJECTS
    }
}

impl Subject {
    fn new(present: Observation, first_escalation: u64) -> Self {
        Self {
            present,
            delivered: None,
            in_flight: None,
            unsent: Unsent {
                held_back: 0,
                changes: 1,
            },
            carried: Unsent::default(),
            quiet_until: Tick::ZERO,
            changed_from: Tick::ZERO,
            good_from: Tick::ZERO,
            not_before: Tick::ZERO,
            next_escalation: first_escalation,
            outage: None,
            ended: None,
            is_restored: false,
            is_unknown: false,
        }
    }

    /// Drops what nobody was notified of and nobody needs to be: it is over.
    fn forget(&mut self) {
        (self.unsent, self.outage, self.is_unknown) = (Unsent::default(), None, false);
    }

    fn is_known_to_be_bad(&self) -> bool {
        self.in_flight
            .or(self.delivered)
            .is_some_and(|delivered| !delivered.is_good)
    }

    /// Returns `true` if this is the state that an earlier process has sent already, seen for the
    /// first time by this one.
    fn goes_on(&mut self, state: SubjectState) -> bool {
        let was_restored = std::mem::take(&mut self.is_restored);
        was_restored
            && self.delivered.is_some_and(|delivered| {
                delivered.name == state.name && state.level <= delivered.level
            })
    }

    /// What a notification of the present state says of it, for the next process.
    fn published_state_at(&self, now: Tick, (_, fingerprint): Id) -> Option<PublishedState> {
        let Observation {
            state,
            rule,
            content,
            ..
        } = &self.present;
        let (of, name) = content.subject(rule.as_deref().unwrap_or_default())?;
        let outage = self.outage.or(self.ended);
        let (lasts, count) = outage.map_or((Duration::ZERO, 0), |outage| {
            (outage.lasts_at(now), outage.count)
        });
        Some(PublishedState {
            of,
            name: name.to_owned(),
            fingerprint,
            state: *state,
            lasts,
            count,
        })
    }

    fn has_rule(&self) -> bool {
        self.present.rule.is_some()
    }

    /// When the present state is to be told, if it is.
    fn due(&self) -> Option<Tick> {
        if self.in_flight.is_some() || !self.has_rule() {
            return None;
        }
        let (present, has_unsent) = (self.present.state, self.unsent.held_back > 0);
        let due = match self.delivered {
            // That it is well is no unsent where nobody was told of anything else, unless it was just
            // seen to become so.
            None if present.is_good && !has_unsent => return None,
            None => Tick::ZERO,
            Some(delivered) if delivered.name == present.name && !has_unsent => return None,
            Some(delivered)
                if !present.is_good && (delivered.is_good || present.level > delivered.level) =>
            {
                Tick::ZERO
            }
            Some(delivered) if present.is_good && delivered.name != present.name => self.good_from,
            Some(delivered) if delivered.name != present.name => self.changed_from,
            Some(_) => self.quiet_until,
        };
        Some(due.max(self.not_before))
    }

    /// Nothing would be different if it were forgotten: the next observation of it would be told at once
    /// anyway.
    fn is_done_at(&self, now: Tick) -> bool {
        let is_settled =
            self.in_flight.is_none() && self.due().is_none() && self.unsent.held_back == 0;
        is_settled
            && !self.is_restored
            && now >= self.quiet_until.max(self.good_from).max(self.not_before)
    }

    fn plan_at(&mut self, now: Tick, (channel, fingerprint): Id, escalated: bool) -> Plan {
        let state = self.present.state;
        self.in_flight = Some(state);
        self.ended = if state.is_good {
            self.outage.take()
        } else {
            None
        };
        let episode = self.ended.map(|ended| Episode {
            lasted: ended.lasts_at(now),
            occurrences: ended.count,
        });
        let states = self.published_state_at(now, (channel, fingerprint));
        self.carried = std::mem::take(&mut self.unsent);
        let key = Key {
            channel,
            fingerprint,
            level: state.level,
        };
        let rule = self.present.rule.clone().unwrap_or_default();
        let Unsent { held_back, changes } = self.carried;
        let content = self.present.content.clone();
        Plan {
            suppressed: held_back,
            changes,
            escalated,
            episode,
            states: states.into_iter().collect(),
            ..Plan::new(key, rule, content)
        }
    }
}

#[cfg(test)]
mod tests;

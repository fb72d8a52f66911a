//! All subjects: breakers, checks, and the rates and ratios of rules, each with a state. A change of
//! the state leads to a notification. No clock, no lock, no I/O.
//!
//! The receiver believes a notification of a state until the next one, so the last notification about
//! a subject must be true. If each state were held back by itself, a subject that flaps would be left
//! at whichever state was sent first in an interval.

use super::{
    plan::{Content, Plan},
    published::{PublishedState, RestoredState},
    subject::{Observation, Outage, Settlement, StateVerdict, Subject, SubjectId, Unsent},
};
use crate::time::Tick;
use std::{collections::HashMap, time::Duration};

/// All subjects with recent notifications.
#[derive(Debug)]
pub(super) struct Subjects {
    /// How long the notification of a state is not repeated while it is true.
    interval: Duration,
    /// How long a notification may be outdated.
    flap_interval: Duration,
    /// How many must be held back for an early notification of a state that is still bad; ten times as
    /// many for the next.
    escalate_after: u64,
    all: HashMap<SubjectId, Subject>,
}

/// Beyond this many, subjects are notified of without being remembered; the limit of the minute holds
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

    #[cfg(feature = "config")]
    pub(super) fn set_interval(&mut self, interval: Duration) {
        self.interval = interval;
        self.flap_interval = interval.min(FLAP_INTERVAL);
    }

    /// Returns how long a notification may be outdated.
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
        let content = Content::from_published(restored.state);
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

    /// Returns the subjects that were taken over and not observed since.
    pub(super) fn restored(&self) -> Vec<(SubjectId, Content)> {
        let restored = self.all.iter().filter(|(_, subject)| subject.is_restored);
        let mut restored: Vec<_> = restored
            .map(|(id, subject)| (*id, subject.present.content.clone()))
            .collect();
        restored.sort_by_key(|(id, _)| *id);
        restored
    }

    /// Records the present state of a subject.
    ///
    /// A bad state is sent at once if the last notification was good or less urgent, a good one once
    /// in an interval: a receiver that believes that all is well is not left at that for long, and a
    /// subject that flaps causes three notifications at most.
    pub(super) fn observe_at(
        &mut self,
        now: Tick,
        id: SubjectId,
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
            // The first notification of a rate is about as many errors as the rule counts.
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
        // A new observation: that the last notification was not delivered does not hold it back.
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

    /// Records the settlement of a notification. Returns `false` if it is about no subject.
    pub(super) fn settle_at(&mut self, now: Tick, id: SubjectId, settled: Settlement) -> bool {
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

    /// Returns plans for the states that are due.
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
            // A bad state is remembered until it is over, however long that takes.
            !(subject.present.state.is_good && subject.is_done_at(now))
        });
        plans.sort_by_key(|plan| plan.key);
        plans
    }

    /// Returns plans for everything that was held back, whatever the time.
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

    /// Collects a subject for the digest that replaces its notification: a line about its present
    /// state, how many observations were held back, those since the digest began included, and the
    /// state that is published.
    pub(super) fn collect_at(
        &mut self,
        now: Tick,
        id: SubjectId,
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

    /// Returns when [`due_at`](Self::due_at) has something to do next.
    pub(super) fn next_due(&self) -> Option<Tick> {
        self.all.values().filter_map(Subject::due).min()
    }

    fn has_room_at(&mut self, now: Tick) -> bool {
        if self.all.len() >= MAX_SUBJECTS {
            // Subjects in a state that no rule sends only keep counts.
            self.all
                .retain(|_, subject| subject.has_rule() && !subject.is_done_at(now));
        }
        self.all.len() < MAX_SUBJECTS
    }
}

#[cfg(test)]
#[path = "tests/subjects.rs"]
mod tests;

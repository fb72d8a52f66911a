//! What has a state, and is told of when that changes: a breaker, a check, a rule's rate or ratio.
//! No clock, no lock, no I/O.
//!
//! A notification of a state is believed until the next one, so that the last word about a subject must
//! be the truth. Were each state held back by itself, a subject that flaps would be left at
//! whatever it was told first in an interval.

use super::{
    plan::{Content, Episode, Plan},
    throttle::Key,
    told::{Restored, Told},
};
use crate::{event::Severity, monitor::Fingerprint, time::Tick};
use std::{collections::HashMap, time::Duration};

/// Whose state it is, on which channel.
pub(super) type Id = (usize, Fingerprint);

/// A state that was just seen.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    pub(super) state: State,
    /// The rule that tells of it; none where every rule that watches the subject leaves this state
    /// out.
    pub(super) rule: Option<String>,
    pub(super) content: Content,
    /// It is a first state, and good: news only where the last notification, of an earlier process,
    /// was not.
    pub(super) is_first_good: bool,
}

/// What a subject is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// The same as long as it is the same state, however urgent.
    pub(super) name: &'static str,
    /// Whether nobody needs to do anything about it.
    pub(super) is_good: bool,
    pub(super) level: Severity,
}

/// What a sight leads to.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    Tell(Box<Plan>),
    /// It was counted; another notification will say what the state is then.
    HoldBack,
    /// Nobody wants to hear of it.
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
    present: Sight,
    /// What the last notification that arrived said.
    told: Option<State>,
    /// What the notification that is on its way says.
    on_its_way: Option<State>,
    /// What came since the last notification.
    news: News,
    /// What the notification on its way says of it: added again if it does not arrive.
    carried: News,
    /// Until then what was told is not repeated.
    quiet_until: Tick,
    /// Until then what was told is not made less urgent.
    changed_from: Tick,
    /// Good news was told: until then there is no other.
    good_from: Tick,
    /// A notification of the present state did not arrive: until then the same is not tried again.
    not_before: Tick,
    next_escalation: u64,
    /// Of a state that is bad, or was until now.
    bad: Option<Bad>,
    /// What the recovery on its way ends: taken up again if it does not arrive.
    ended: Option<Bad>,
    /// What was told is of an earlier process, and nothing was seen of the subject since.
    is_restored: bool,
    /// The last notification of a bad state was dropped for good: whoever never had it needs no
    /// recovery.
    is_unknown: bool,
}

/// A time in which the state is bad.
#[derive(Clone, Copy, Debug)]
struct Bad {
    /// When it became so, or this process started.
    since: Tick,
    /// How long it had been so then.
    before: Duration,
    /// How often a bad state was seen.
    count: u64,
}

impl Bad {
    fn lasts_at(&self, now: Tick) -> Duration {
        now.since(self.since).saturating_add(self.before)
    }
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    Arrived,
    /// It did not arrive, and is sent later.
    Kept,
    /// It will never arrive.
    Dropped,
}

#[derive(Clone, Copy, Debug, Default)]
struct News {
    /// How many sights were not told.
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
        restored: Restored,
        age: Duration,
    ) {
        let id = (channel, restored.told.fingerprint);
        if self.all.contains_key(&id) || !self.has_room_at(now) {
            return;
        }
        let Told {
            state,
            lasts,
            count,
            ..
        } = restored.told;
        let content = restored.told.into_content();
        let present = Sight {
            state,
            rule: Some(restored.rule),
            content,
            is_first_good: false,
        };
        let mut subject = Subject::new(present, self.escalate_after);
        subject.news = News::default();
        subject.told = Some(state);
        subject.quiet_until = now.after(self.interval.saturating_sub(age));
        subject.changed_from = now.after(self.flap_interval.saturating_sub(age));
        subject.bad = Some(Bad {
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
    /// Bad news is told at once when the last word was good or less urgent, good news once in an
    /// interval: whoever believes that all is well is never left at that for long, and a subject
    /// that flaps tells three times at most.
    pub(super) fn observe_at(&mut self, now: Tick, id: Id, sight: Sight) -> Verdict {
        let wants = sight.rule.is_some();
        let known = self.all.get_mut(&id);
        if sight.is_first_good
            && !known
                .as_ref()
                .is_some_and(|subject| subject.is_known_to_be_bad())
        {
            return Verdict::Ignore;
        }
        if let Some(subject) = known {
            if subject.goes_on(sight.state) {
                subject.present = sight;
                return Verdict::Ignore;
            }
        } else if !wants {
            return Verdict::Ignore;
        }
        if !self.all.contains_key(&id) && !self.has_room_at(now) {
            let plan = Subject::new(sight, self.escalate_after).tell_at(now, id, false);
            return Verdict::Tell(Box::new(plan));
        }
        let first_escalation = self.escalate_after;
        let subject = self
            .all
            .entry(id)
            .or_insert_with(|| Subject::new(sight.clone(), first_escalation));
        subject.news.changes += u64::from(subject.present.state.name != sight.state.name);
        if !sight.state.is_good {
            let count = &mut subject
                .bad
                .get_or_insert(Bad {
                    since: now,
                    before: Duration::ZERO,
                    count: 0,
                })
                .count;
            // The first notification of a rate is about as many errors as it takes.
            *count += match (&sight.content, *count) {
                (Content::Rate { count, .. }, 0) => *count as u64,
                _ => 1,
            };
        }
        subject.present = sight;
        if subject.is_unknown && subject.present.state.is_good && subject.on_its_way.is_none() {
            subject.forget();
            return Verdict::Ignore;
        }
        if !wants {
            return Verdict::Ignore;
        }
        // It is another one: that the last one did not arrive is no reason to hold it back.
        subject.not_before = Tick::ZERO;
        subject.news.held_back += 1;
        let is_due = subject.due().is_some_and(|at| at <= now);
        let has_many = subject.news.held_back >= subject.next_escalation;
        let is_early = has_many && !subject.present.state.is_good && subject.on_its_way.is_none();
        if !is_due && !is_early {
            return Verdict::HoldBack;
        }
        subject.news.held_back -= 1;
        subject.next_escalation = if is_due {
            first_escalation
        } else {
            subject.next_escalation.saturating_mul(10)
        };
        Verdict::Tell(Box::new(subject.tell_at(now, id, !is_due)))
    }

    /// Learns what became of a notification; tells whether it was about a subject.
    pub(super) fn settle_at(&mut self, now: Tick, id: Id, settled: Settled) -> bool {
        let Some(subject) = self.all.get_mut(&id) else {
            return false;
        };
        let Some(sent) = subject.on_its_way.take() else {
            return true;
        };
        let carried = std::mem::take(&mut subject.carried);
        let ended = subject.ended.take();
        if !sent.is_good {
            let is_known = subject.told.is_some_and(|told| !told.is_good);
            subject.is_unknown = settled == Settled::Dropped && !is_known;
        }
        if settled == Settled::Arrived {
            subject.told = Some(sent);
            subject.quiet_until = now.after(self.interval);
            subject.changed_from = now.after(self.flap_interval);
            if sent.is_good {
                subject.good_from = subject.changed_from;
            }
        } else {
            subject.news.held_back += carried.held_back;
            subject.news.changes += carried.changes;
            if sent.name == subject.present.state.name {
                subject.not_before = now.after(self.flap_interval);
            }
            if let Some(ended) = ended {
                let later = subject.bad.map_or(0, |bad| bad.count);
                subject.bad = Some(Bad {
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
                    ..subject.tell_at(now, *id, false)
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
        let untold = self
            .all
            .iter_mut()
            .filter(|(_, subject)| subject.wants() && subject.news.held_back > 0);
        let mut plans: Vec<Plan> = untold
            .map(|(id, subject)| Plan {
                is_fresh: false,
                ..subject.tell_at(now, *id, false)
            })
            .collect();
        plans.sort_by_key(|plan| plan.key);
        plans
    }

    /// Gives what a digest says of a subject whose notification it takes the place of: its present state,
    /// and how many sights were held back, those since the digest began included.
    pub(super) fn collect_at(&mut self, now: Tick, id: Id) -> Option<(String, u64, Option<Told>)> {
        let subject = self.all.get_mut(&id)?;
        if subject.wants() {
            subject.on_its_way = Some(subject.present.state);
        }
        let news = std::mem::take(&mut subject.news);
        subject.carried.held_back += news.held_back;
        subject.carried.changes += news.changes;
        let Sight { rule, content, .. } = &subject.present;
        let line = content.line(rule.as_deref().unwrap_or_default());
        Some((line, subject.carried.held_back, subject.told_at(now, id)))
    }

    /// When `due_at` has something to do next.
    pub(super) fn next_due(&self) -> Option<Tick> {
        self.all.values().filter_map(Subject::due).min()
    }

    fn has_room_at(&mut self, now: Tick) -> bool {
        if self.all.len() >= MAX_SUBJECTS {
            // Those in a state that no rule sends only keep counts.
            self.all
                .retain(|_, subject| subject.wants() && !subject.is_done_at(now));
        }
        self.all.len() < MAX_SUBJECTS
    }
}

impl Subject {
    fn new(present: Sight, first_escalation: u64) -> Self {
        Self {
            present,
            told: None,
            on_its_way: None,
            news: News {
                held_back: 0,
                changes: 1,
            },
            carried: News::default(),
            quiet_until: Tick::ZERO,
            changed_from: Tick::ZERO,
            good_from: Tick::ZERO,
            not_before: Tick::ZERO,
            next_escalation: first_escalation,
            bad: None,
            ended: None,
            is_restored: false,
            is_unknown: false,
        }
    }

    /// Drops what nobody was notified of and nobody needs to be: it is over.
    fn forget(&mut self) {
        (self.news, self.bad, self.is_unknown) = (News::default(), None, false);
    }

    fn is_known_to_be_bad(&self) -> bool {
        self.on_its_way
            .or(self.told)
            .is_some_and(|told| !told.is_good)
    }

    /// Returns `true` if this is the state that an earlier process has sent already, seen for the
    /// first time by this one.
    fn goes_on(&mut self, state: State) -> bool {
        let was_restored = std::mem::take(&mut self.is_restored);
        was_restored
            && self
                .told
                .is_some_and(|told| told.name == state.name && state.level <= told.level)
    }

    /// What a notification of the present state says of it, for the next process.
    fn told_at(&self, now: Tick, (_, fingerprint): Id) -> Option<Told> {
        let Sight {
            state,
            rule,
            content,
            ..
        } = &self.present;
        let (of, name) = content.subject(rule.as_deref().unwrap_or_default())?;
        let bad = self.bad.or(self.ended);
        let (lasts, count) = bad.map_or((Duration::ZERO, 0), |bad| (bad.lasts_at(now), bad.count));
        Some(Told {
            of,
            name: name.to_owned(),
            fingerprint,
            state: *state,
            lasts,
            count,
        })
    }

    fn wants(&self) -> bool {
        self.present.rule.is_some()
    }

    /// When the present state is to be told, if it is.
    fn due(&self) -> Option<Tick> {
        if self.on_its_way.is_some() || !self.wants() {
            return None;
        }
        let (present, has_news) = (self.present.state, self.news.held_back > 0);
        let due = match self.told {
            // That it is well is no news where nobody was told of anything else, unless it was just
            // seen to become so.
            None if present.is_good && !has_news => return None,
            None => Tick::ZERO,
            Some(told) if told.name == present.name && !has_news => return None,
            Some(told) if !present.is_good && (told.is_good || present.level > told.level) => {
                Tick::ZERO
            }
            Some(told) if present.is_good && told.name != present.name => self.good_from,
            Some(told) if told.name != present.name => self.changed_from,
            Some(_) => self.quiet_until,
        };
        Some(due.max(self.not_before))
    }

    /// Nothing would be different if it were forgotten: the next sight of it would be told at once
    /// anyway.
    fn is_done_at(&self, now: Tick) -> bool {
        let is_settled =
            self.on_its_way.is_none() && self.due().is_none() && self.news.held_back == 0;
        is_settled
            && !self.is_restored
            && now >= self.quiet_until.max(self.good_from).max(self.not_before)
    }

    fn tell_at(&mut self, now: Tick, (channel, fingerprint): Id, escalated: bool) -> Plan {
        let state = self.present.state;
        self.on_its_way = Some(state);
        self.ended = if state.is_good { self.bad.take() } else { None };
        let episode = self.ended.map(|ended| Episode {
            lasted: ended.lasts_at(now),
            occurrences: ended.count,
        });
        let told = self.told_at(now, (channel, fingerprint));
        self.carried = std::mem::take(&mut self.news);
        let key = Key {
            channel,
            fingerprint,
            level: state.level,
        };
        let rule = self.present.rule.clone().unwrap_or_default();
        let News { held_back, changes } = self.carried;
        let content = self.present.content.clone();
        let told = told.into_iter().collect();
        Plan {
            suppressed: held_back,
            changes,
            escalated,
            episode,
            told,
            ..Plan::new(key, rule, content)
        }
    }
}

#[cfg(test)]
mod tests;

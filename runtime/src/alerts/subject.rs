//! One subject: its present state, and what was sent of it on one channel. No clock, no lock, no I/O.

use super::{
    plan::{Content, Episode, Key, Plan},
    published::{PublishedState, SubjectState},
};
use crate::{monitor::Fingerprint, time::Tick};
use std::time::Duration;

/// The channel and the fingerprint of a subject.
pub(super) type SubjectId = (usize, Fingerprint);

/// A state that was just observed.
#[derive(Clone, Debug)]
pub(super) struct Observation {
    pub(super) state: SubjectState,
    /// The rule that sends it; `None` if the level of this state is too low for every rule that
    /// watches the subject.
    pub(super) rule: Option<String>,
    pub(super) content: Content,
    /// It is a first state, and good: sent only if the last notification, of an earlier process, was
    /// about a bad one.
    pub(super) is_first_good: bool,
}

/// What to do with one observation.
#[derive(Clone, Debug)]
pub(super) enum StateVerdict {
    Send(Box<Plan>),
    /// It was counted; another notification will have the state at that time.
    HoldBack,
    /// It needs no notification.
    Ignore,
}

/// A subject on a channel.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) present: Observation,
    /// The state in the last notification that was delivered.
    pub(super) delivered: Option<SubjectState>,
    /// The state in the notification under way.
    pub(super) in_flight: Option<SubjectState>,
    /// What came since the last notification.
    pub(super) unsent: Unsent,
    /// What the notification under way includes: added again if it is not delivered.
    pub(super) carried: Unsent,
    /// Until then the delivered state is not repeated.
    pub(super) quiet_until: Tick,
    /// Until then the delivered state is not replaced by a less urgent one.
    pub(super) changed_from: Tick,
    /// A good state was delivered: until then there is no other.
    pub(super) good_from: Tick,
    /// A notification of the present state was not delivered: until then it is not sent again.
    pub(super) not_before: Tick,
    pub(super) next_escalation: u64,
    /// Of a state that is bad, or was until now.
    pub(super) outage: Option<Outage>,
    /// The outage that the recovery under way ends: it continues if that is not delivered.
    pub(super) ended: Option<Outage>,
    /// The delivered state is of an earlier process, and nothing was observed since.
    pub(super) is_restored: bool,
    /// The last notification of a bad state was dropped: a receiver that never had it needs no
    /// recovery.
    pub(super) is_unknown: bool,
}

/// A time in which the state is bad.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    /// When it began, or this process started.
    pub(super) since: Tick,
    /// How long it had lasted then.
    pub(super) before: Duration,
    /// How often a bad state was observed.
    pub(super) count: u64,
}

impl Outage {
    pub(super) fn lasts_at(&self, now: Tick) -> Duration {
        now.since(self.since).saturating_add(self.before)
    }
}

/// The end of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settlement {
    Delivered,
    /// It was not delivered, and is sent later.
    Kept,
    /// It will never be delivered.
    Dropped,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unsent {
    /// How many observations were held back.
    pub(super) held_back: u64,
    /// How often the state changed, the latest change included.
    pub(super) changes: u64,
}

impl Subject {
    pub(super) fn new(present: Observation, first_escalation: u64) -> Self {
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

    /// Drops an outage that is over and that the receiver was never notified of.
    pub(super) fn forget(&mut self) {
        (self.unsent, self.outage, self.is_unknown) = (Unsent::default(), None, false);
    }

    pub(super) fn is_known_to_be_bad(&self) -> bool {
        self.in_flight
            .or(self.delivered)
            .is_some_and(|delivered| !delivered.is_good)
    }

    /// Returns `true` if this is the state that an earlier process has sent already, observed for the
    /// first time by this one.
    pub(super) fn goes_on(&mut self, state: SubjectState) -> bool {
        let was_restored = std::mem::take(&mut self.is_restored);
        was_restored
            && self.delivered.is_some_and(|delivered| {
                delivered.name == state.name && state.level <= delivered.level
            })
    }

    /// Returns the present state as a notification publishes it, for the next process.
    pub(super) fn published_state_at(
        &self,
        now: Tick,
        (_, fingerprint): SubjectId,
    ) -> Option<PublishedState> {
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

    pub(super) fn has_rule(&self) -> bool {
        self.present.rule.is_some()
    }

    /// Returns when the present state is to be sent, if it is.
    pub(super) fn due(&self) -> Option<Tick> {
        if self.in_flight.is_some() || !self.has_rule() {
            return None;
        }
        let (present, has_unsent) = (self.present.state, self.unsent.held_back > 0);
        let due = match self.delivered {
            // A first good state needs no notification, unless it was just observed to become so.
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

    /// Returns `true` if forgetting the subject would change nothing: its next observation would be
    /// sent at once anyway.
    pub(super) fn is_done_at(&self, now: Tick) -> bool {
        let is_settled =
            self.in_flight.is_none() && self.due().is_none() && self.unsent.held_back == 0;
        is_settled
            && !self.is_restored
            && now >= self.quiet_until.max(self.good_from).max(self.not_before)
    }

    pub(super) fn plan_at(
        &mut self,
        now: Tick,
        (channel, fingerprint): SubjectId,
        escalated: bool,
    ) -> Plan {
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

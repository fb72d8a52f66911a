//! Limits on what a channel gets: the throttle of errors, the states that were published, and the
//! digest of a minute with too many notifications. No clock, no lock, no I/O.

use super::{
    config::AlertsConfig,
    digest::{Digest, MAX_LINES, Part},
    notification::Notification,
    plan::{Content, Key, Plan},
    published::PublishedState,
    rule::Rule,
    subject::{Observation, Settlement, StateVerdict, SubjectId},
    subjects::Subjects,
    throttle::{Due, Throttle, Verdict},
};
use crate::{event::Severity, monitor::Fingerprint, time::Tick};
use std::{sync::Arc, time::Duration};

/// The limits of all channels.
#[derive(Debug)]
pub(super) struct Limiter {
    throttle: Throttle,
    pub(super) subjects: Subjects,
    /// The running minute of each channel.
    digests: Vec<Digest>,
    max_per_minute: u64,
    /// Occurrences that were held back.
    pub(super) suppressed: u64,
}

impl Limiter {
    pub(super) fn new(config: &AlertsConfig) -> Self {
        let limits = config.limits;
        Self {
            throttle: Throttle::new(limits.throttle, limits.escalate_after),
            subjects: Subjects::new(limits.throttle, limits.escalate_after),
            digests: config.channels.iter().map(|_| Digest::default()).collect(),
            max_per_minute: limits.max_per_minute,
            suppressed: 0,
        }
    }

    /// Replaces the interval in which a group or a subject is notified once.
    #[cfg(feature = "config")]
    pub(super) fn set_throttle(&mut self, interval: Duration) {
        self.throttle.set_interval(interval);
        self.subjects.set_interval(interval);
    }

    /// Passes an error, or holds it back.
    pub(super) fn on_error_at(&mut self, now: Tick, key: Key, rule: &Rule) -> Option<Plan> {
        let (key, verdict) = self.throttle.evaluate_at(now, key, rule.recovery_after);
        match verdict {
            Verdict::HoldBack => {
                self.suppressed += 1;
                None
            }
            Verdict::Send {
                suppressed,
                escalated,
            } => {
                let plan = Plan {
                    suppressed,
                    escalated,
                    ..Plan::new(key, rule.name.to_string(), Content::Error)
                };
                self.cap_at(now, plan)
            }
        }
    }

    /// Passes a state, or holds it back.
    pub(super) fn observe_at(
        &mut self,
        now: Tick,
        id: SubjectId,
        observation: Observation,
    ) -> Option<Plan> {
        match self.subjects.observe_at(now, id, observation) {
            StateVerdict::Send(plan) => self.cap_at(now, *plan),
            StateVerdict::HoldBack => {
                self.suppressed += 1;
                None
            }
            StateVerdict::Ignore => None,
        }
    }

    /// Remembers the notification that a plan led to.
    pub(super) fn remember(&mut self, key: Key, notification: &Arc<Notification>) {
        self.throttle.remember(key, notification);
    }

    /// Records whether a notification was delivered.
    pub(super) fn settle_at(&mut self, now: Tick, key: Key, settlement: Settlement) {
        if !self
            .subjects
            .settle_at(now, (key.channel, key.fingerprint), settlement)
        {
            self.throttle
                .settle_at(now, key, settlement == Settlement::Delivered);
        }
    }

    /// Returns the summaries, recoveries and states whose interval is over.
    pub(super) fn due_at(&mut self, now: Tick) -> Vec<Plan> {
        let due = self.throttle.due_at(now);
        self.pass_due_at(now, due, |subjects| subjects.due_at(now))
    }

    /// Returns the digests whose minute is over.
    pub(super) fn digests_due_at(&mut self, now: Tick) -> Vec<Plan> {
        let mut plans = Vec::new();
        for channel in 0..self.digests.len() {
            if self.digests[channel].is_over_at(now) {
                plans.extend(self.digest_at(now, channel));
            }
        }
        plans
    }

    /// Returns everything that was held back, whatever the time.
    pub(super) fn close_at(&mut self, now: Tick) -> Vec<Plan> {
        let channels = 0..self.digests.len();
        // First, since what is in a digest needs no summary.
        let mut plans: Vec<Plan> = channels
            .clone()
            .filter_map(|channel| self.digest_at(now, channel))
            .collect();
        let due = self.throttle.close();
        plans.extend(self.pass_due_at(now, due, |subjects| subjects.close_at(now)));
        plans.extend(channels.filter_map(|channel| self.digest_at(now, channel)));
        plans
    }

    fn pass_due_at(
        &mut self,
        now: Tick,
        due: Vec<Due>,
        states: impl FnOnce(&mut Subjects) -> Vec<Plan>,
    ) -> Vec<Plan> {
        let mut plans = Vec::new();
        for due in due {
            plans.extend(self.plan_due_at(now, due));
        }
        for plan in states(&mut self.subjects) {
            plans.extend(self.cap_at(now, plan));
        }
        plans
    }

    fn plan_due_at(&mut self, now: Tick, due: Due) -> Option<Plan> {
        let plan = match due {
            Due::Summary {
                key,
                last,
                suppressed,
            } => Plan {
                suppressed,
                is_fresh: false,
                ..Plan::new(key, last.rule.clone(), Content::Summary { last })
            },
            // It settles no slot: if it is not delivered, the journal has it.
            Due::Recovered {
                key,
                last,
                suppressed,
                episode,
            } => {
                let key = Key {
                    level: Severity::Info,
                    ..key
                };
                let plan = Plan::new(key, last.rule.clone(), Content::Stopped { last });
                Plan {
                    suppressed,
                    settles: Vec::new(),
                    episode: Some(episode),
                    ..plan
                }
            }
            Due::Nameless { key, suppressed } => {
                self.digests[key.channel].add_nameless(suppressed);
                return None;
            }
        };
        self.cap_at(now, plan)
    }

    /// Passes a plan, or puts it into the digest of its channel.
    fn cap_at(&mut self, now: Tick, plan: Plan) -> Option<Plan> {
        let digest = &mut self.digests[plan.key.channel];
        if digest.admits_at(now, self.max_per_minute) {
            return Some(plan);
        }
        let is_error = matches!(plan.content, Content::Error);
        let part = Part {
            key: plan.settles.first().copied(),
            level: plan.key.level,
            title: (digest.len() < MAX_LINES).then(|| plan.line()),
            held_back: plan.suppressed,
            is_fresh: plan.is_fresh,
        };
        match digest.add(part) {
            // The error's text is not at hand here.
            Some(has_line) => (is_error && has_line).then_some(Plan {
                in_digest: true,
                ..plan
            }),
            None => {
                for key in plan.settles {
                    self.settle_at(now, key, Settlement::Delivered);
                }
                None
            }
        }
    }

    /// Makes one notification of the parts of a digest, if there are any.
    fn digest_at(&mut self, now: Tick, channel: usize) -> Option<Plan> {
        let muted = self.digests[channel].end_mute_at(now);
        if self.digests[channel].is_empty() {
            return None;
        }
        let (parts, nameless) = self.digests[channel].take_at(now);
        let (mut lines, mut more, mut settles, mut states) =
            (Vec::new(), nameless, Vec::new(), Vec::new());
        let notifications = parts.len() as u64 + u64::from(nameless > 0);
        let level = parts
            .iter()
            .map(|part| part.level)
            .max()
            .unwrap_or(Severity::Error);
        for part in parts {
            let known = part.key.and_then(|key| self.collect_at(now, key));
            let (line, held_back, state) = known.unwrap_or((None, part.held_back, None));
            states.extend(state);
            let count = (held_back + u64::from(part.is_fresh)).max(1);
            settles.extend(part.key);
            if lines.len() < MAX_LINES {
                lines.push((line.or(part.title).unwrap_or_default(), count));
            } else {
                more += count;
            }
        }
        let key = Key {
            channel,
            fingerprint: Fingerprint::from_parts(&["digest"]),
            level,
        };
        let content = Content::Digest {
            notifications,
            lines,
            more,
            muted,
        };
        Some(Plan {
            settles,
            states,
            ..Plan::new(key, "digest".into(), content)
        })
    }

    /// Collects a slot for a digest: its line, where there is one, how many were held back, and the
    /// state that it publishes.
    fn collect_at(
        &mut self,
        now: Tick,
        key: Key,
    ) -> Option<(Option<String>, u64, Option<PublishedState>)> {
        if let Some((line, held_back, state)) = self
            .subjects
            .collect_at(now, (key.channel, key.fingerprint))
        {
            return Some((Some(line), held_back, state));
        }
        let (last, held_back) = self.throttle.collect(key)?;
        Some((last.map(|last| last.line()), held_back, None))
    }

    /// Holds back all notifications for a time; after it each channel gets one summary.
    pub(super) fn mute_at(&mut self, now: Tick, time: Duration) {
        self.digests
            .iter_mut()
            .for_each(|digest| digest.mute_at(now, time));
    }

    /// Returns how long all notifications are still held back; `None` where they are not.
    pub(super) fn muted_at(&self, now: Tick) -> Option<Duration> {
        self.digests.first().and_then(|digest| digest.muted_at(now))
    }

    /// Returns when something may be due next.
    pub(super) fn next_due(&self) -> Option<Tick> {
        let of_digests = self.digests.iter().filter_map(Digest::next_due);
        of_digests
            .chain(self.throttle.next_due())
            .chain(self.subjects.next_due())
            .min()
    }
}

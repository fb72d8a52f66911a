//! Planning: from events, and from the passing of time, to the notifications that are due. No clock,
//! no lock, no I/O.

use super::{
    config::AlertsConfig,
    evaluator::{Breakers, Evaluator, Finding},
    inhibition::rejects,
    limiter::Limiter,
    plan::{Content, Key, Plan},
    published::RestoredState,
    subject::{Observation, Settlement, SubjectId},
};
use crate::{
    event::{BreakerEvent, ErrorEvent, HealthEvent},
    monitor::Fingerprint,
    time::Tick,
};
use std::time::Duration;

/// Rules, limits, and what an earlier process left.
#[derive(Debug)]
pub(super) struct Planner {
    pub(super) evaluator: Evaluator,
    pub(super) limiter: Limiter,
    restoration: Restoration,
}

/// Continuing from an earlier process: the states that its last notifications published.
///
/// The journal is read by the threads of the channels. Until then observations wait, so that a
/// circuit which opens again is not announced as if for the first time.
#[derive(Debug, Default)]
struct Restoration {
    /// The channels for which the journal was not read yet.
    unread: Vec<usize>,
    deferred: Vec<(Tick, SubjectId, Observation)>,
    /// When the last channel was restored.
    restored_at: Tick,
    /// When the circuits of restored states are checked next.
    next_check: Tick,
}

/// Beyond this many observations, further ones do not wait.
const MAX_DEFERRED: usize = 10_000;
/// How often a circuit that was open in an earlier process is checked: that it is closed again is no
/// event.
const CHECK_EVERY: Duration = Duration::from_secs(5);

impl Planner {
    /// Makes the state of alerting that begins now. With `is_read_later`, each channel waits for
    /// [`restore_at`](Self::restore_at).
    pub(super) fn new_at(now: Tick, config: &AlertsConfig, is_read_later: bool) -> Self {
        let unread = if is_read_later {
            config.channels.len()
        } else {
            0
        };
        Self {
            evaluator: Evaluator::new_at(now, config),
            limiter: Limiter::new(config),
            restoration: Restoration {
                unread: (0..unread).collect(),
                ..Restoration::default()
            },
        }
    }

    /// Takes over rules and throttle; returns for each rule which of the former ones it was.
    #[cfg(feature = "config")]
    pub(super) fn follow_at(&mut self, now: Tick, config: &AlertsConfig) -> Vec<Option<usize>> {
        self.limiter.set_throttle(config.limits.throttle);
        self.evaluator.follow_at(now, config)
    }

    /// Plans for an error; `behind` is the breaker whose rejection it is, if it is one.
    pub(super) fn on_error_at(
        &mut self,
        now: Tick,
        event: &ErrorEvent<'_>,
        fingerprint: Fingerprint,
        behind: Option<&str>,
    ) -> Vec<Plan> {
        let findings = self.evaluator.on_error_at(now, event, fingerprint, behind);
        self.limit_at(now, findings)
    }

    pub(super) fn on_breaker_at(&mut self, now: Tick, event: &BreakerEvent<'_>) -> Vec<Plan> {
        let findings = self.evaluator.on_breaker(event);
        self.limit_at(now, findings)
    }

    pub(super) fn on_health_at(&mut self, now: Tick, event: &HealthEvent<'_>) -> Vec<Plan> {
        let findings = self.evaluator.on_health(event);
        self.limit_at(now, findings)
    }

    /// Plans for what the passing of time makes due.
    pub(super) fn tick_at(&mut self, now: Tick, breakers: &mut dyn Breakers) -> Vec<Plan> {
        let mut plans = self.check_restored_at(now, breakers);
        plans.extend(self.limiter.due_at(now));
        let findings = self.evaluator.tick_at(now, breakers);
        plans.extend(self.limit_at(now, findings));
        plans.extend(self.limiter.digests_due_at(now));
        plans
    }

    /// Plans for everything that was held back, whatever the time.
    pub(super) fn close_at(&mut self, now: Tick) -> Vec<Plan> {
        let mut unread = self.restoration.unread.clone();
        unread.sort_unstable();
        let mut plans: Vec<Plan> = unread
            .into_iter()
            .filter_map(|channel| self.restore_at(now, channel, Vec::new()))
            .flatten()
            .collect();
        plans.extend(self.limiter.close_at(now));
        plans
    }

    /// Returns when something may be due next.
    pub(super) fn next_due(&self) -> Option<Tick> {
        self.evaluator
            .next_due()
            .into_iter()
            .chain(self.limiter.next_due())
            .chain(self.next_check_of_restored())
            .min()
    }

    /// Records whether a notification was delivered.
    pub(super) fn settle_at(&mut self, now: Tick, keys: &[Key], settlement: Settlement) {
        for key in keys {
            self.limiter.settle_at(now, *key, settlement);
        }
    }

    /// Returns `true` if no channel waits for the journal.
    pub(super) fn is_restored(&self) -> bool {
        self.restoration.unread.is_empty()
    }

    /// Takes over what the journal has for a channel, each state with its age, then what was
    /// observed meanwhile. Returns `None` unless the channel waited for it.
    pub(super) fn restore_at(
        &mut self,
        now: Tick,
        channel: usize,
        restored: Vec<(RestoredState, Duration)>,
    ) -> Option<Vec<Plan>> {
        let unread = &mut self.restoration.unread;
        let at = unread.iter().position(|unread| *unread == channel)?;
        unread.swap_remove(at);
        self.restoration.restored_at = now;
        for (restored, age) in restored {
            if self.evaluator.restore_at(now, channel, &restored) {
                (self.limiter.subjects).restore_at(now, channel, restored, age);
            }
        }
        let deferred = self
            .restoration
            .deferred
            .extract_if(.., |(_, (of, _), _)| *of == channel)
            .collect::<Vec<_>>();
        let plans = deferred
            .into_iter()
            .filter_map(|(seen, id, observation)| self.limiter.observe_at(seen, id, observation));
        Some(plans.collect())
    }

    /// Checks whether circuits that were open in an earlier process are closed: a call succeeded, or
    /// none opened the circuit for as long as a notification may be outdated.
    fn check_restored_at(&mut self, now: Tick, breakers: &dyn Breakers) -> Vec<Plan> {
        let mut plans = Vec::new();
        for (id, content) in self.limiter.subjects.restored() {
            let Content::BreakerOpened { name, .. } = content else {
                continue;
            };
            self.restoration.next_check = now.after(CHECK_EVERY);
            let is_over = match breakers.state(&name) {
                Some((state, _)) if rejects(state) => false,
                Some((_, true)) => true,
                _ => {
                    now.since(self.restoration.restored_at) >= self.limiter.subjects.flap_interval()
                }
            };
            if is_over {
                let observation = self.evaluator.closed_circuit(id.0, name);
                plans.extend(self.observe_at(now, id, observation));
            }
        }
        plans
    }

    fn next_check_of_restored(&self) -> Option<Tick> {
        let is_breaker =
            |(_, content): &(SubjectId, Content)| matches!(content, Content::BreakerOpened { .. });
        self.limiter
            .subjects
            .restored()
            .iter()
            .any(is_breaker)
            .then_some(self.restoration.next_check)
    }

    fn limit_at(&mut self, now: Tick, findings: Vec<Finding>) -> Vec<Plan> {
        let mut plans = Vec::new();
        for finding in findings {
            plans.extend(match finding {
                Finding::Error { key, rule } => {
                    (self.limiter).on_error_at(now, key, self.evaluator.rule(rule))
                }
                Finding::State(id, observation) => self.observe_at(now, id, observation),
            });
        }
        plans
    }

    fn observe_at(&mut self, now: Tick, id: SubjectId, observation: Observation) -> Option<Plan> {
        let observation = self.restoration.defer(now, id, observation)?;
        self.limiter.observe_at(now, id, observation)
    }
}

impl Restoration {
    /// Defers an observation; returns it if the journal was read for its channel.
    fn defer(&mut self, now: Tick, id: SubjectId, observation: Observation) -> Option<Observation> {
        if !self.unread.contains(&id.0) || self.deferred.len() >= MAX_DEFERRED {
            return Some(observation);
        }
        self.deferred.push((now, id, observation));
        None
    }
}

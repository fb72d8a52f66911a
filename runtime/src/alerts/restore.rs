//! Going on from an earlier process: what its last notifications said about states.
//!
//! The journal is read by the threads of the channels. Until then, what is seen of states waits, so
//! that a circuit which opens again is not announced as if for the first time.

use super::{
    plan::{BREAKER, Content, HEALTH, Plan},
    planner::{Breakers, Planner, rejects},
    published::{CLOSED, RestoredState},
    rule::Trigger,
    subject::{Id, Observation, SubjectState},
};
use crate::{event::Severity, time::Tick};
use std::time::Duration;

/// The channels for which the journal was not read yet.
#[derive(Debug, Default)]
pub(super) struct Unread {
    channels: Vec<usize>,
    deferred: Vec<(Tick, Id, Observation)>,
    /// When the last channel was restored.
    restored_at: Tick,
    /// When restored subjects are looked at next.
    next_look: Tick,
}

/// Beyond this many observations, further ones do not wait.
const MAX_DEFERRED: usize = 10_000;
/// How often a circuit that was open in an earlier process is looked at: that it is closed again is
/// no event.
const LOOK_EVERY: Duration = Duration::from_secs(5);

impl Unread {
    pub(super) fn new(channels: usize) -> Self {
        Self {
            channels: (0..channels).collect(),
            ..Self::default()
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    pub(super) fn waits_for(&self, channel: usize) -> bool {
        self.channels.contains(&channel)
    }

    /// Keeps a observation for later; returns it if the journal was read for its channel.
    pub(super) fn defer(
        &mut self,
        now: Tick,
        id: Id,
        observation: Observation,
    ) -> Option<Observation> {
        if !self.channels.contains(&id.0) || self.deferred.len() >= MAX_DEFERRED {
            return Some(observation);
        }
        self.deferred.push((now, id, observation));
        None
    }
}

impl Planner {
    /// Takes over what the journal has for a channel, each with its age, then what was seen
    /// meanwhile.
    pub(super) fn restore_at(
        &mut self,
        now: Tick,
        channel: usize,
        restored: Vec<(RestoredState, Duration)>,
    ) -> Vec<Plan> {
        let Some(at) = self
            .unread
            .channels
            .iter()
            .position(|unread| *unread == channel)
        else {
            return Vec::new();
        };
        self.unread.channels.swap_remove(at);
        self.unread.restored_at = now;
        for (restored, age) in restored {
            if self.is_watched(channel, &restored) {
                self.restore_rule_at(now, &restored);
                self.subjects.restore_at(now, channel, restored, age);
            }
        }
        let deferred = self
            .unread
            .deferred
            .extract_if(.., |(_, (of, _), _)| *of == channel)
            .collect::<Vec<_>>();
        deferred
            .into_iter()
            .filter_map(|(seen, id, observation)| self.observe_at(seen, id, observation))
            .collect()
    }

    /// Returns `true` if a rule watches the subject still.
    fn is_watched(&self, channel: usize, restored: &RestoredState) -> bool {
        let name = &restored.state.name;
        self.rules
            .iter()
            .filter(|state| state.channels.contains(&channel))
            .any(|state| match restored.state.of {
                BREAKER => state.rule.trigger.watches_breaker(name),
                HEALTH => state.rule.trigger.watches_check(name),
                _ => state.rule.name == *name && state.rule.trigger.window().is_some(),
            })
    }

    fn restore_rule_at(&mut self, now: Tick, restored: &RestoredState) {
        if matches!(restored.state.of, BREAKER | HEALTH) {
            return;
        }
        for state in self
            .rules
            .iter_mut()
            .filter(|state| state.rule.name == restored.state.name)
        {
            if let Some(window) = state.rule.trigger.window() {
                state.tracker.restore_at(now, window);
            }
        }
    }

    /// Looks whether circuits that were open in an earlier process are closed: a call succeeded, or
    /// none opened the circuit for as long as a notification may be outdated.
    pub(super) fn look_at_restored_at(&mut self, now: Tick, breakers: &dyn Breakers) -> Vec<Plan> {
        let restored = self.subjects.restored();
        let mut plans = Vec::new();
        for (id, content) in restored {
            let Content::BreakerOpened { name, .. } = content else {
                continue;
            };
            self.unread.next_look = now.after(LOOK_EVERY);
            let is_over = match breakers.state(&name) {
                Some((state, _)) if rejects(state) => false,
                Some((_, true)) => true,
                _ => now.since(self.unread.restored_at) >= self.subjects.flap_interval(),
            };
            if is_over {
                let state = SubjectState {
                    name: CLOSED,
                    is_good: true,
                    level: Severity::Info,
                };
                let rule = self
                    .watchers(state, |trigger| trigger.watches_breaker(&name))
                    .remove(&id.0)
                    .flatten();
                let content = Content::BreakerClosed { name, rejected: 0 };
                plans.extend(self.observe_at(
                    now,
                    id,
                    Observation {
                        state,
                        rule,
                        content,
                        is_first_good: true,
                    },
                ));
            }
        }
        plans
    }

    pub(super) fn next_look_at_restored(&self) -> Option<Tick> {
        let is_breaker =
            |(_, content): &(Id, Content)| matches!(content, Content::BreakerOpened { .. });
        self.subjects
            .restored()
            .iter()
            .any(is_breaker)
            .then_some(self.unread.next_look)
    }
}

impl Trigger {
    /// The window of a rate or a ratio.
    fn window(&self) -> Option<Duration> {
        match self {
            Self::Rate { window, .. } | Self::Ratio { window, .. } => Some(*window),
            _ => None,
        }
    }
}

//! Rule evaluation: which events, rates and ratios concern which channels. No clock, no lock, no
//! I/O.

use super::{
    config::AlertsConfig,
    inhibition::{Inhibition, rejects},
    plan::{Content, Key},
    published::{
        BREAKER, CLOSED, FIRING, HEALTH, IN_BOUNDS, OPEN, PASS, RULE, RestoredState, SubjectState,
    },
    rate_tracker::{Crossing, RateTracker},
    rule::{Rule, Trigger},
    subject::{Observation, SubjectId},
};
use crate::{
    event::{BreakerEvent, BreakerEventKind, CircuitState, ErrorEvent, HealthEvent, Severity},
    monitor::Fingerprint,
    time::Tick,
};
use std::collections::BTreeMap;

/// The rules, with what they have counted.
#[derive(Debug)]
pub(super) struct Evaluator {
    rules: Vec<ActiveRule>,
    inhibition: Inhibition,
    /// Errors that rules did not count because a circuit was open.
    pub(super) inhibited: u64,
}

#[derive(Debug)]
struct ActiveRule {
    rule: Rule,
    channels: Vec<usize>,
    tracker: RateTracker,
}

impl ActiveRule {
    fn new_at(now: Tick, rule: &Rule, channels: &[&str]) -> Self {
        Self {
            channels: (0..channels.len())
                .filter(|at| rule.sends_to(channels[*at]))
                .collect(),
            rule: rule.clone(),
            tracker: match rule.trigger {
                Trigger::Ratio { .. } => RateTracker::begin_at(now),
                _ => RateTracker::default(),
            },
        }
    }
}

/// What a rule has found for one channel.
#[derive(Clone, Debug)]
pub(super) enum Finding {
    /// The error at hand, by the index of its rule.
    Error { key: Key, rule: usize },
    /// The state of a breaker, a check, a rate or a ratio.
    State(SubjectId, Observation),
}

/// The circuit breakers that ratios and restored states are about.
pub(super) trait Breakers {
    /// Returns calls and failures of the breaker that a rule names, since the rule has been
    /// watching it.
    fn calls(&mut self, rule: usize, name: &str) -> (u64, u64);

    /// Returns the state of a breaker, and whether a call of it has succeeded.
    fn state(&self, name: &str) -> Option<(CircuitState, bool)>;
}

impl Evaluator {
    pub(super) fn new_at(now: Tick, config: &AlertsConfig) -> Self {
        let channels = config.channel_names();
        let rules = config.rules.iter();
        Self {
            rules: rules
                .map(|rule| ActiveRule::new_at(now, rule, &channels))
                .collect(),
            inhibition: Inhibition::default(),
            inhibited: 0,
        }
    }

    /// Takes over the rules of another configuration; one of the same name and trigger keeps what it
    /// has counted. Returns for each rule which of the former ones it was.
    #[cfg(feature = "config")]
    pub(super) fn follow_at(&mut self, now: Tick, config: &AlertsConfig) -> Vec<Option<usize>> {
        let channels = config.channel_names();
        let mut former: Vec<_> = std::mem::take(&mut self.rules)
            .into_iter()
            .map(Some)
            .collect();
        let mut kept = Vec::new();
        for rule in &config.rules {
            let is_same = |state: &Option<ActiveRule>| {
                let state = state.as_ref();
                state.is_some_and(|it| it.rule.name == rule.name && it.rule.trigger == rule.trigger)
            };
            let at = former.iter().position(is_same);
            let mut state = ActiveRule::new_at(now, rule, &channels);
            if let Some(known) = at.and_then(|at| former[at].take()) {
                state.tracker = known.tracker;
            }
            self.rules.push(state);
            kept.push(at);
        }
        kept
    }

    /// Returns the rule of a [`Finding::Error`].
    pub(super) fn rule(&self, at: usize) -> &Rule {
        &self.rules[at].rule
    }

    /// Evaluates an error; `behind` is the breaker whose rejection it is, if it is one.
    pub(super) fn on_error_at(
        &mut self,
        now: Tick,
        event: &ErrorEvent<'_>,
        fingerprint: Fingerprint,
        behind: Option<&str>,
    ) -> Vec<Finding> {
        if let Some(breaker) = behind {
            self.inhibition.add_operation(event.operation, breaker);
        }
        let circuit_is_open = self.inhibition.covers_operation(event.operation);
        let (mut sent_to, mut findings) = (Vec::new(), Vec::new());
        for at in 0..self.rules.len() {
            let state = &mut self.rules[at];
            if !state.rule.matches(event) {
                continue;
            }
            let is_covered = self.inhibition.covers(&state.rule, event);
            match state.rule.trigger {
                Trigger::Immediate | Trigger::Rate { .. } if is_covered => self.inhibited += 1,
                Trigger::Rate { .. } if circuit_is_open => self.inhibited += 1,
                Trigger::Immediate => {
                    for &channel in &state.channels {
                        // Two rules that want one error on one channel are one notification.
                        if !sent_to.contains(&channel) {
                            sent_to.push(channel);
                            let key = Key {
                                channel,
                                fingerprint,
                                level: event.level,
                            };
                            findings.push(Finding::Error { key, rule: at });
                        }
                    }
                }
                Trigger::Rate { count, window } => {
                    if state.tracker.count_at(now, count, window) {
                        let content = || Content::Rate { count, window };
                        findings.extend(self.find_rule(at, event.level, content));
                    }
                }
                Trigger::Ratio { .. } | Trigger::Breakers | Trigger::Health => {}
            }
        }
        findings
    }

    /// Evaluates an event of a breaker.
    pub(super) fn on_breaker(&mut self, event: &BreakerEvent<'_>) -> Vec<Finding> {
        let BreakerEventKind::Transition {
            from,
            to,
            reason,
            cause,
            ..
        } = event.kind
        else {
            return Vec::new();
        };
        if event.shadow {
            return Vec::new();
        }
        let rejected = self.inhibition.on_breaker(event);
        let opened = matches!(to, CircuitState::Open | CircuitState::ForcedOpen) && !rejects(from);
        let closed = !rejects(to) && rejects(from);
        // A probe that failed changes nothing for the receiver: the circuit was and is not closed.
        let state = match (opened, closed) {
            (true, _) => SubjectState {
                name: OPEN,
                is_good: false,
                level: Severity::Error,
            },
            (_, true) => CIRCUIT_CLOSED,
            _ => return Vec::new(),
        };
        let content = || match opened {
            true => Content::BreakerOpened {
                name: event.name.to_owned(),
                reason: reason.name(),
                cause: cause.map(str::to_owned),
            },
            false => Content::BreakerClosed {
                name: event.name.to_owned(),
                rejected,
            },
        };
        let fingerprint = Fingerprint::from_parts(&[BREAKER, event.name]);
        let watches = |rule: &Rule| rule.watches_breaker(event.name);
        self.find_watched(fingerprint, (state, false), content, watches)
    }

    /// Records whether a circuit is open, and evaluates nothing else.
    pub(super) fn record_breaker(&mut self, event: &BreakerEvent<'_>) {
        self.inhibition.on_breaker(event);
    }

    /// Evaluates a change of a health check.
    pub(super) fn on_health(&self, event: &HealthEvent<'_>) -> Vec<Finding> {
        let is_first_good = event.from.is_none() && event.level == Severity::Info;
        let content = || Content::Health {
            check: event.check.to_owned(),
            from: event.from,
            to: event.to,
            output: event.output.map(str::to_owned),
        };
        let state = SubjectState {
            name: event.to,
            is_good: event.to == PASS,
            level: event.level,
        };
        let fingerprint = Fingerprint::from_parts(&[HEALTH, event.check]);
        let watches = |rule: &Rule| rule.watches_check(event.check);
        self.find_watched(fingerprint, (state, is_first_good), content, watches)
    }

    /// Evaluates rates that may be back in bounds, and ratios.
    pub(super) fn tick_at(&mut self, now: Tick, breakers: &mut dyn Breakers) -> Vec<Finding> {
        (0..self.rules.len())
            .flat_map(|at| self.tick_rule_at(now, at, breakers))
            .collect()
    }

    fn tick_rule_at(&mut self, now: Tick, at: usize, breakers: &mut dyn Breakers) -> Vec<Finding> {
        let state = &mut self.rules[at];
        match &state.rule.trigger {
            &Trigger::Rate { count, window } if state.tracker.is_calm_at(now, count, window) => {
                self.find_rule(at, Severity::Info, || Content::InBounds)
            }
            Trigger::Ratio {
                breaker,
                share,
                window,
            } => {
                let counts = breakers.calls(at, breaker);
                let min_calls = state.rule.needed_calls();
                match (state.tracker).sample_at(now, counts, *share, *window, min_calls) {
                    Some(Crossing::Over { failed, calls }) => {
                        let level = Severity::Error.max(state.rule.min_level);
                        let (breaker, window) = (breaker.to_string(), *window);
                        let content = || Content::Ratio {
                            breaker: breaker.clone(),
                            failed,
                            calls,
                            window,
                        };
                        self.find_rule(at, level, content)
                    }
                    Some(Crossing::Back) => {
                        self.find_rule(at, Severity::Info, || Content::InBounds)
                    }
                    None => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// Returns when a rate or a ratio may be due next.
    pub(super) fn next_due(&self) -> Option<Tick> {
        let of_rule = |state: &ActiveRule| match state.rule.trigger {
            Trigger::Rate { window, .. } => state.tracker.next_of_rate(window),
            Trigger::Ratio { window, .. } => Some(state.tracker.next_of_ratio(window)),
            _ => None,
        };
        self.rules.iter().filter_map(of_rule).min()
    }

    /// Takes over a state of an earlier process. Returns `false` if no rule watches its subject on
    /// this channel any more.
    pub(super) fn restore_at(
        &mut self,
        now: Tick,
        channel: usize,
        restored: &RestoredState,
    ) -> bool {
        let (of, name) = (restored.state.of, &restored.state.name);
        let is_watched = self
            .rules
            .iter()
            .filter(|state| state.channels.contains(&channel))
            .any(|state| match of {
                BREAKER => state.rule.watches_breaker(name),
                HEALTH => state.rule.watches_check(name),
                _ => *state.rule.name == **name && state.rule.window().is_some(),
            });
        if is_watched && !matches!(of, BREAKER | HEALTH) {
            for state in (self.rules.iter_mut()).filter(|it| *it.rule.name == **name) {
                if let Some(window) = state.rule.window() {
                    state.tracker.restore_at(now, window);
                }
            }
        }
        is_watched
    }

    /// Returns the observation, for one channel, that a circuit which was open in an earlier process
    /// is closed.
    pub(super) fn closed_circuit(&self, channel: usize, name: String) -> Observation {
        let rule = self
            .watchers(CIRCUIT_CLOSED, |rule| rule.watches_breaker(&name))
            .remove(&channel)
            .flatten();
        Observation {
            state: CIRCUIT_CLOSED,
            rule,
            content: Content::BreakerClosed { name, rejected: 0 },
            is_first_good: true,
        }
    }

    /// The state of a rate or ratio, under a fingerprint of the rule's own, for each of its
    /// channels.
    fn find_rule(
        &mut self,
        at: usize,
        level: Severity,
        content: impl Fn() -> Content,
    ) -> Vec<Finding> {
        let is_good = matches!(content(), Content::InBounds);
        let ActiveRule {
            rule,
            channels,
            tracker,
        } = &mut self.rules[at];
        let state = SubjectState {
            name: if is_good { IN_BOUNDS } else { FIRING },
            is_good,
            level,
        };
        let is_first_good = is_good && tracker.take_restored();
        let fingerprint = Fingerprint::from_parts(&[RULE, &rule.name]);
        let observation = || Observation {
            state,
            rule: Some(rule.name.to_string()),
            content: content(),
            is_first_good,
        };
        channels
            .iter()
            .map(|channel| Finding::State((*channel, fingerprint), observation()))
            .collect()
    }

    /// The state of a breaker or check, for each channel of a rule that watches it.
    fn find_watched(
        &self,
        fingerprint: Fingerprint,
        (state, is_first_good): (SubjectState, bool),
        content: impl Fn() -> Content,
        watches: impl Fn(&Rule) -> bool,
    ) -> Vec<Finding> {
        let observation = |rule| Observation {
            state,
            rule,
            content: content(),
            is_first_good,
        };
        self.watchers(state, watches)
            .into_iter()
            .map(|(channel, rule)| Finding::State((channel, fingerprint), observation(rule)))
            .collect()
    }

    /// The channels of rules that watch a subject, each with the first rule whose level admits this
    /// state of it.
    fn watchers(
        &self,
        state: SubjectState,
        watches: impl Fn(&Rule) -> bool,
    ) -> BTreeMap<usize, Option<String>> {
        let mut watchers: BTreeMap<usize, Option<String>> = BTreeMap::new();
        for ActiveRule { rule, channels, .. } in
            (self.rules.iter()).filter(|state| watches(&state.rule))
        {
            for channel in channels {
                let sent_by = watchers.entry(*channel).or_default();
                if sent_by.is_none() && state.level >= rule.min_level {
                    *sent_by = Some(rule.name.to_string());
                }
            }
        }
        watchers
    }
}

const CIRCUIT_CLOSED: SubjectState = SubjectState {
    name: CLOSED,
    is_good: true,
    level: Severity::Info,
};

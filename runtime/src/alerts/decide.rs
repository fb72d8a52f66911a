//! Which notices are due: rules, rates, ratios, caps. No clock, no lock, no I/O.

use super::{
    Notice, Rule,
    gauge::{Crossing, Gauge},
    plan::{Content, Plan},
    rule::Trigger,
    throttle::{Due, Key, Throttle, Verdict},
};
use crate::{
    event::{AlertLevel, BreakerEvent, BreakerEventKind, CircuitState, ErrorEvent, HealthEvent},
    monitor::Fingerprint,
    time::Tick,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

#[derive(Debug)]
pub(super) struct Decider {
    rules: Vec<RuleState>,
    throttle: Throttle,
    caps: Vec<Cap>,
    max_per_minute: u64,
    open: HashSet<String>,
    /// The breaker that an operation was seen to stand behind.
    behind: HashMap<String, String>,
    pub(super) inhibited: u64,
    pub(super) suppressed: u64,
}

#[derive(Debug)]
struct RuleState {
    rule: Rule,
    channels: Vec<usize>,
    gauge: Gauge,
}

/// What a channel was sent within the running minute.
#[derive(Debug, Default)]
struct Cap {
    begin: Tick,
    sent: u64,
    titles: Vec<(Fingerprint, String, u64)>,
    more: u64,
}

const MINUTE: Duration = Duration::from_secs(60);
const MAX_OPERATIONS: usize = 1000;
const MAX_TITLES: usize = 50;

impl Decider {
    pub(super) fn new(rules: &[Rule], channels: &[&str], throttle: Throttle, max_per_minute: u64) -> Self {
        let state_of = |rule: &Rule| RuleState {
            channels: (0..channels.len())
                .filter(|at| rule.channels.is_empty() || rule.channels.iter().any(|name| name == channels[*at]))
                .collect(),
            rule: rule.clone(),
            gauge: Gauge::default(),
        };
        Self {
            rules: rules.iter().map(state_of).collect(),
            throttle,
            caps: channels.iter().map(|_| Cap::default()).collect(),
            max_per_minute,
            open: HashSet::new(),
            behind: HashMap::new(),
            inhibited: 0,
            suppressed: 0,
        }
    }

    /// Judges an error; `behind` is the breaker whose rejection it is, if it is one.
    pub(super) fn on_error_at(
        &mut self,
        now: Tick,
        event: &ErrorEvent<'_>,
        fingerprint: Fingerprint,
        behind: Option<&str>,
    ) -> Vec<Plan> {
        if let Some(breaker) = behind
            && (self.behind.len() < MAX_OPERATIONS || self.behind.contains_key(event.operation))
        {
            self.behind.insert(event.operation.to_owned(), breaker.to_owned());
        }
        let circuit_is_open = self.behind.get(event.operation).is_some_and(|breaker| self.open.contains(breaker));
        let (mut told, mut plans) = (Vec::new(), Vec::new());
        for at in 0..self.rules.len() {
            let state = &mut self.rules[at];
            if !state.rule.matches(event) {
                continue;
            }
            let by_rule = state.rule.inhibited_by.iter().any(|breaker| self.open.contains(breaker));
            match state.rule.trigger {
                Trigger::Immediate | Trigger::Rate { .. } if by_rule => self.inhibited += 1,
                Trigger::Rate { .. } if circuit_is_open => self.inhibited += 1,
                Trigger::Immediate => {
                    let (name, recovery) = (state.rule.name.clone(), state.rule.recovery_after);
                    for channel in state.channels.clone() {
                        // Two rules that want one error on one channel are one notice.
                        if !told.contains(&channel) {
                            told.push(channel);
                            let key = Key { channel, fingerprint, level: event.level };
                            plans.extend(self.judge_at(now, key, &name, recovery, || Content::Error));
                        }
                    }
                }
                Trigger::Rate { count, window } => {
                    if state.gauge.count_at(now, count, window) {
                        plans.extend(self.tell_rule_at(now, at, event.level, || Content::Rate { count, window }));
                    }
                }
                Trigger::Ratio { .. } | Trigger::Breakers { .. } | Trigger::Health { .. } => {}
            }
        }
        plans
    }

    pub(super) fn on_breaker_at(&mut self, now: Tick, event: &BreakerEvent<'_>) -> Vec<Plan> {
        let BreakerEventKind::Transition { from, to, reason, cause, .. } = event.kind else { return Vec::new() };
        if event.shadow {
            return Vec::new();
        }
        let rejects = |state| matches!(state, CircuitState::Open | CircuitState::ForcedOpen | CircuitState::HalfOpen);
        if rejects(to) {
            self.open.insert(event.name.to_owned());
        } else {
            self.open.remove(event.name);
        }
        let opened = matches!(to, CircuitState::Open | CircuitState::ForcedOpen) && !rejects(from);
        let closed = !rejects(to) && rejects(from);
        // A probe that failed changes nothing for whoever watches: the circuit was and is not closed.
        let level = match (opened, closed) {
            (true, _) => AlertLevel::Error,
            (_, true) => AlertLevel::Info,
            _ => return Vec::new(),
        };
        let content = || match opened {
            true => Content::BreakerOpened {
                name: event.name.to_owned(),
                reason: reason.name(),
                cause: cause.map(str::to_owned),
            },
            false => Content::BreakerClosed { name: event.name.to_owned() },
        };
        let fingerprint = Fingerprint::of(&["breaker", event.name, if opened { "opened" } else { "closed" }]);
        self.tell_watchers_at(now, fingerprint, level, content, |trigger| match trigger {
            Trigger::Breakers { names } => names.is_empty() || names.iter().any(|name| name == event.name),
            _ => false,
        })
    }

    pub(super) fn on_health_at(&mut self, now: Tick, event: &HealthEvent<'_>) -> Vec<Plan> {
        // The first result is news only if it is bad news.
        if event.from.is_none() && event.level == AlertLevel::Info {
            return Vec::new();
        }
        let content = || Content::Health {
            check: event.check.to_owned(),
            from: event.from,
            to: event.to,
            output: event.output.map(str::to_owned),
        };
        let fingerprint = Fingerprint::of(&["health", event.check, event.to]);
        self.tell_watchers_at(now, fingerprint, event.level, content, |trigger| match trigger {
            Trigger::Health { checks } => checks.is_empty() || checks.iter().any(|name| name == event.check),
            _ => false,
        })
    }

    /// What the passing of time makes due. `calls_of` tells calls and failures of a breaker so far.
    pub(super) fn tick_at(&mut self, now: Tick, calls_of: &dyn Fn(&str) -> Option<(u64, u64)>) -> Vec<Plan> {
        let mut plans = Vec::new();
        for due in self.throttle.due_at(now) {
            let (key, last, suppressed, stopped) = match due {
                Due::Summary { key, last, suppressed } => (key, last, suppressed, false),
                Due::Recovered { key, last } => (key, last, 0, true),
            };
            let rule = last.rule.clone();
            let content = if stopped { Content::Stopped { last } } else { Content::Summary { last } };
            plans.extend(self.cap_at(now, Plan { key, rule, suppressed, escalated: false, content }));
        }
        for at in 0..self.rules.len() {
            plans.extend(self.tick_rule_at(now, at, calls_of));
        }
        for channel in 0..self.caps.len() {
            let cap = &mut self.caps[channel];
            let is_over = now.since(cap.begin) >= MINUTE;
            if is_over && !(cap.titles.is_empty() && cap.more == 0) {
                let titles =
                    std::mem::take(&mut cap.titles).into_iter().map(|(_, title, count)| (title, count)).collect();
                let more = std::mem::take(&mut cap.more);
                (cap.begin, cap.sent) = (now, 1);
                let key = Key { channel, fingerprint: Fingerprint::of(&["digest"]), level: AlertLevel::Error };
                let content = Content::Digest { titles, more };
                plans.push(Plan { key, rule: "digest".into(), suppressed: 0, escalated: false, content });
            }
        }
        plans
    }

    fn tick_rule_at(&mut self, now: Tick, at: usize, calls_of: &dyn Fn(&str) -> Option<(u64, u64)>) -> Vec<Plan> {
        let state = &mut self.rules[at];
        match state.rule.trigger.clone() {
            Trigger::Rate { count, window } if state.gauge.is_calm_at(now, count, window) => {
                self.tell_rule_at(now, at, AlertLevel::Info, || Content::InBounds)
            }
            Trigger::Ratio { breaker, share, window, min_calls } => {
                let Some(counts) = calls_of(&breaker) else { return Vec::new() };
                match state.gauge.sample_at(now, counts, share, window, min_calls) {
                    Some(Crossing::Over { failed, calls }) => {
                        let level = AlertLevel::Error.max(state.rule.min_level);
                        let content = || Content::Ratio { breaker: breaker.clone(), failed, calls, window };
                        self.tell_rule_at(now, at, level, content)
                    }
                    Some(Crossing::Back) => self.tell_rule_at(now, at, AlertLevel::Info, || Content::InBounds),
                    None => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// When something may be due next, as far as that is known.
    pub(super) fn next_due(&self) -> Option<Tick> {
        let of_rule = |state: &RuleState| match state.rule.trigger {
            Trigger::Rate { window, .. } => state.gauge.next_of_rate(window),
            Trigger::Ratio { window, .. } => Some(state.gauge.next_of_ratio(window)),
            _ => None,
        };
        let of_cap = |cap: &Cap| (!cap.titles.is_empty() || cap.more > 0).then(|| cap.begin.after(MINUTE));
        let of_rules = self.rules.iter().filter_map(of_rule);
        of_rules.chain(self.caps.iter().filter_map(of_cap)).chain(self.throttle.next_due()).min()
    }

    pub(super) fn remember(&mut self, key: Key, notice: &Arc<Notice>) {
        self.throttle.remember(key, notice);
    }

    pub(super) fn settle_at(&mut self, now: Tick, key: Key, arrived: bool) {
        self.throttle.settle_at(now, key, arrived);
    }

    /// Tells of a rate or ratio, under a fingerprint of the rule's own.
    fn tell_rule_at(&mut self, now: Tick, at: usize, level: AlertLevel, content: impl Fn() -> Content) -> Vec<Plan> {
        let state = &self.rules[at];
        let (name, channels) = (state.rule.name.clone(), state.channels.clone());
        let kind = if matches!(content(), Content::InBounds) { "in bounds" } else { "firing" };
        let fingerprint = Fingerprint::of(&["rule", &name, kind]);
        let key = |channel| Key { channel, fingerprint, level };
        channels.into_iter().filter_map(|channel| self.judge_at(now, key(channel), &name, None, &content)).collect()
    }

    /// Tells every rule that watches something of this kind.
    fn tell_watchers_at(
        &mut self,
        now: Tick,
        fingerprint: Fingerprint,
        level: AlertLevel,
        content: impl Fn() -> Content,
        watches: impl Fn(&Trigger) -> bool,
    ) -> Vec<Plan> {
        let (mut told, mut plans) = (Vec::new(), Vec::new());
        for at in 0..self.rules.len() {
            let state = &self.rules[at];
            if !watches(&state.rule.trigger) || level < state.rule.min_level {
                continue;
            }
            let name = state.rule.name.clone();
            for channel in state.channels.clone() {
                if !told.contains(&channel) {
                    told.push(channel);
                    plans.extend(self.judge_at(now, Key { channel, fingerprint, level }, &name, None, &content));
                }
            }
        }
        plans
    }

    fn judge_at(
        &mut self,
        now: Tick,
        key: Key,
        rule: &str,
        recovery_after: Option<Duration>,
        content: impl Fn() -> Content,
    ) -> Option<Plan> {
        let (key, verdict) = self.throttle.judge_at(now, key, recovery_after);
        match verdict {
            Verdict::HoldBack => {
                self.suppressed += 1;
                None
            }
            Verdict::Send { suppressed, escalated } => {
                self.cap_at(now, Plan { key, rule: rule.to_owned(), suppressed, escalated, content: content() })
            }
        }
    }

    /// Lets a plan through, or puts it into the digest of its channel.
    fn cap_at(&mut self, now: Tick, plan: Plan) -> Option<Plan> {
        let cap = &mut self.caps[plan.key.channel];
        let has_digest = !cap.titles.is_empty() || cap.more > 0;
        if now.since(cap.begin) >= MINUTE && !has_digest {
            (cap.begin, cap.sent) = (now, 0);
        }
        if cap.sent < self.max_per_minute {
            cap.sent += 1;
            return Some(plan);
        }
        let occurrences = plan.suppressed + 1;
        let fingerprint = plan.key.fingerprint;
        if let Some((.., count)) = cap.titles.iter_mut().find(|(known, ..)| *known == fingerprint) {
            *count += occurrences;
        } else if cap.titles.len() < MAX_TITLES {
            cap.titles.push((fingerprint, plan.title(), occurrences));
        } else {
            cap.more += occurrences;
        }
        // The digest tells it: the interval begins now.
        self.throttle.settle_at(now, plan.key, true);
        None
    }
}

//! Which notifications are due: rules, rates, ratios, caps. No clock, no lock, no I/O.

use super::{
    AlertsConfig, Notification, Rule,
    digest::{Digest, MAX_LINES, Part},
    plan::{BREAKER, Content, HEALTH, PASS, Plan, RULE},
    published::{CLOSED, FIRING, IN_BOUNDS, OPEN, PublishedState},
    rate_tracker::{Crossing, RateTracker},
    restore::Unread,
    rule::Trigger,
    subject::{self, Id, Observation, Settlement, SubjectState, Subjects},
    throttle::{Due, Key, Throttle, Verdict},
};
use crate::{
    event::{BreakerEvent, BreakerEventKind, CircuitState, ErrorEvent, HealthEvent, Severity},
    monitor::Fingerprint,
    time::Tick,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

#[derive(Debug)]
pub(super) struct Planner {
    pub(super) rules: Vec<RuleState>,
    throttle: Throttle,
    pub(super) subjects: Subjects,
    pub(super) unread: Unread,
    digests: Vec<Digest>,
    max_per_minute: u64,
    /// The circuits that are not closed, with the number of calls that their past openings have
    /// rejected.
    open: HashMap<String, u64>,
    /// The breaker that an operation was seen to stand behind.
    behind: HashMap<String, String>,
    pub(super) inhibited: u64,
    pub(super) suppressed: u64,
}

#[derive(Debug)]
pub(super) struct RuleState {
    pub(super) rule: Rule,
    pub(super) channels: Vec<usize>,
    pub(super) tracker: RateTracker,
}

/// What a breaker is seen to do at a moment.
pub(super) trait Breakers {
    /// Returns calls and failures of the breaker that a rule names, since the rule has been
    /// watching it.
    fn calls(&mut self, rule: usize, name: &str) -> (u64, u64);

    /// Returns whether a breaker rejects calls, and whether a call of it has succeeded.
    fn state(&self, name: &str) -> Option<(CircuitState, bool)>;
}

const MAX_OPERATIONS: usize = 1000;

/// Whether calls are rejected in this state, all or most of them.
pub(super) fn rejects(state: CircuitState) -> bool {
    matches!(
        state,
        CircuitState::Open | CircuitState::ForcedOpen | CircuitState::HalfOpen
    )
}

impl Planner {
    /// Makes the state of alerting that begins now. With `is_read_later`, each channel waits for
    /// what the journal has of an earlier process: see [`restore_at`](Self::restore_at).
    pub(super) fn new_at(now: Tick, config: &AlertsConfig, is_read_later: bool) -> Self {
        let (rules, channels) = (&config.rules, config.channel_names());
        let state_of = |rule: &Rule| RuleState {
            channels: (0..channels.len())
                .filter(|at| {
                    rule.channels.is_empty()
                        || rule.channels.iter().any(|name| name == channels[*at])
                })
                .collect(),
            rule: rule.clone(),
            tracker: match rule.trigger {
                Trigger::Ratio { .. } => RateTracker::begin_at(now),
                _ => RateTracker::default(),
            },
        };
        Self {
            rules: rules.iter().map(state_of).collect(),
            throttle: Throttle::new(config.throttle, config.escalate_after),
            subjects: Subjects::new(config.throttle, config.escalate_after),
            unread: Unread::new(if is_read_later { channels.len() } else { 0 }),
            digests: channels.iter().map(|_| Digest::default()).collect(),
            max_per_minute: config.max_per_minute,
            open: HashMap::new(),
            behind: HashMap::new(),
            inhibited: 0,
            suppressed: 0,
        }
    }

    /// Classifiers an error; `behind` is the breaker whose rejection it is, if it is one.
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
            self.behind
                .insert(event.operation.to_owned(), breaker.to_owned());
        }
        let circuit_is_open = self
            .behind
            .get(event.operation)
            .is_some_and(|breaker| self.open.contains_key(breaker));
        let (mut sent_to, mut plans) = (Vec::new(), Vec::new());
        for at in 0..self.rules.len() {
            let state = &mut self.rules[at];
            if !state.rule.matches(event) {
                continue;
            }
            let by_rule = state
                .rule
                .inhibited_by
                .iter()
                .any(|breaker| self.open.contains_key(breaker));
            match state.rule.trigger {
                Trigger::Immediate | Trigger::Rate { .. } if by_rule || event.opening.is_some() => {
                    self.inhibited += 1;
                }
                Trigger::Rate { .. } if circuit_is_open => self.inhibited += 1,
                Trigger::Immediate => {
                    let (name, recovery) = (state.rule.name.clone(), state.rule.recovery_after);
                    for channel in state.channels.clone() {
                        // Two rules that want one error on one channel are one notification.
                        if !sent_to.contains(&channel) {
                            sent_to.push(channel);
                            let key = Key {
                                channel,
                                fingerprint,
                                level: event.level,
                            };
                            plans.extend(
                                self.evaluate_at(now, key, &name, recovery, || Content::Error),
                            );
                        }
                    }
                }
                Trigger::Rate { count, window } => {
                    if state.tracker.count_at(now, count, window) {
                        plans.extend(self.tell_rule_at(now, at, event.level, || Content::Rate {
                            count,
                            window,
                        }));
                    }
                }
                Trigger::Ratio { .. } | Trigger::Breakers { .. } | Trigger::Health { .. } => {}
            }
        }
        plans
    }

    pub(super) fn on_breaker_at(&mut self, now: Tick, event: &BreakerEvent<'_>) -> Vec<Plan> {
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
        let rejected = self.note_breaker(event);
        let opened = matches!(to, CircuitState::Open | CircuitState::ForcedOpen) && !rejects(from);
        let closed = !rejects(to) && rejects(from);
        // A probe that failed changes nothing for whoever watches: the circuit was and is not
        // closed.
        let state = match (opened, closed) {
            (true, _) => SubjectState {
                name: OPEN,
                is_good: false,
                level: Severity::Error,
            },
            (_, true) => SubjectState {
                name: CLOSED,
                is_good: true,
                level: Severity::Info,
            },
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
        let watches = |trigger: &Trigger| trigger.watches_breaker(event.name);
        self.tell_watchers_at(
            now,
            Fingerprint::from_parts(&[BREAKER, event.name]),
            (state, false),
            content,
            watches,
        )
    }

    /// Notes whether a circuit is open, for the rules that rest meanwhile. Returns how many calls
    /// it has rejected since it was closed.
    pub(super) fn note_breaker(&mut self, event: &BreakerEvent<'_>) -> u64 {
        let BreakerEventKind::Transition {
            from, to, rejected, ..
        } = event.kind
        else {
            return 0;
        };
        if event.shadow {
            return 0;
        }
        // In half-open the opening goes on, and its number is given again when it ends.
        let ended = if rejects(from) && to != CircuitState::HalfOpen {
            rejected
        } else {
            0
        };
        if rejects(to) {
            let sum = self.open.entry(event.name.to_owned()).or_default();
            *sum += ended;
            *sum
        } else {
            self.open.remove(event.name).unwrap_or_default() + ended
        }
    }

    pub(super) fn on_health_at(&mut self, now: Tick, event: &HealthEvent<'_>) -> Vec<Plan> {
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
        let watches = |trigger: &Trigger| trigger.watches_check(event.check);
        self.tell_watchers_at(
            now,
            Fingerprint::from_parts(&[HEALTH, event.check]),
            (state, is_first_good),
            content,
            watches,
        )
    }

    /// What the passing of time makes due.
    pub(super) fn tick_at(&mut self, now: Tick, breakers: &mut dyn Breakers) -> Vec<Plan> {
        let mut plans = self.look_at_restored_at(now, breakers);
        for due in self.throttle.due_at(now) {
            plans.extend(self.tell_due_at(now, due));
        }
        for plan in self.subjects.due_at(now) {
            plans.extend(self.cap_at(now, plan));
        }
        for at in 0..self.rules.len() {
            plans.extend(self.tick_rule_at(now, at, breakers));
        }
        for channel in 0..self.digests.len() {
            if self.digests[channel].is_over_at(now) {
                plans.extend(self.digest_at(now, channel));
            }
        }
        plans
    }

    /// What was held back and not told yet: there will be no later.
    pub(super) fn close_at(&mut self, now: Tick) -> Vec<Plan> {
        let channels = 0..self.digests.len();
        let mut plans: Vec<Plan> = channels
            .clone()
            .flat_map(|channel| self.restore_at(now, channel, Vec::new()))
            .collect();
        // What a digest tells is not told again after it.
        let digests: Vec<Plan> = channels
            .clone()
            .filter_map(|channel| self.digest_at(now, channel))
            .collect();
        plans.extend(digests);
        for due in self.throttle.close() {
            plans.extend(self.tell_due_at(now, due));
        }
        for plan in self.subjects.close_at(now) {
            plans.extend(self.cap_at(now, plan));
        }
        plans.extend(channels.filter_map(|channel| self.digest_at(now, channel)));
        plans
    }

    fn tell_due_at(&mut self, now: Tick, due: Due) -> Option<Plan> {
        let plan = match due {
            Due::Summary {
                key,
                last,
                suppressed,
            } => {
                let plan = Plan::new(key, last.rule.clone(), Content::Summary { last });
                Plan {
                    suppressed,
                    is_fresh: false,
                    ..plan
                }
            }
            // The slot is done with it: should it not arrive, the journal has it.
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

    /// Makes one notification of those that were too many, if there are any.
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

    /// What a digest says of a slot: its line, where there is one, and how many were held back.
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

    fn tick_rule_at(&mut self, now: Tick, at: usize, breakers: &mut dyn Breakers) -> Vec<Plan> {
        let state = &mut self.rules[at];
        match state.rule.trigger.clone() {
            Trigger::Rate { count, window } if state.tracker.is_calm_at(now, count, window) => {
                self.tell_rule_at(now, at, Severity::Info, || Content::InBounds)
            }
            Trigger::Ratio {
                breaker,
                share,
                window,
                min_calls,
            } => {
                let counts = breakers.calls(at, &breaker);
                match state
                    .tracker
                    .sample_at(now, counts, share, window, min_calls)
                {
                    Some(Crossing::Over { failed, calls }) => {
                        let level = Severity::Error.max(state.rule.min_level);
                        let content = || Content::Ratio {
                            breaker: breaker.clone(),
                            failed,
                            calls,
                            window,
                        };
                        self.tell_rule_at(now, at, level, content)
                    }
                    Some(Crossing::Back) => {
                        self.tell_rule_at(now, at, Severity::Info, || Content::InBounds)
                    }
                    None => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// Holds back all notifications for a time; after it each channel gets one that sums them up.
    pub(super) fn mute_at(&mut self, now: Tick, time: Duration) {
        self.digests
            .iter_mut()
            .for_each(|digest| digest.mute_at(now, time));
    }

    /// How long notifications are still held back; `None` where they are not.
    pub(super) fn muted_at(&self, now: Tick) -> Option<Duration> {
        self.digests.first().and_then(|digest| digest.muted_at(now))
    }

    /// When something may be due next, as far as that is known.
    pub(super) fn next_due(&self) -> Option<Tick> {
        let of_rule = |state: &RuleState| match state.rule.trigger {
            Trigger::Rate { window, .. } => state.tracker.next_of_rate(window),
            Trigger::Ratio { window, .. } => Some(state.tracker.next_of_ratio(window)),
            _ => None,
        };
        let of_rules = self.rules.iter().filter_map(of_rule);
        of_rules
            .chain(self.digests.iter().filter_map(Digest::next_due))
            .chain(self.throttle.next_due())
            .chain(self.subjects.next_due())
            .chain(self.next_look_at_restored())
            .min()
    }

    pub(super) fn remember(&mut self, key: Key, notification: &Arc<Notification>) {
        self.throttle.remember(key, notification);
    }

    pub(super) fn settle_at(&mut self, now: Tick, key: Key, settled: Settlement) {
        if !self
            .subjects
            .settle_at(now, (key.channel, key.fingerprint), settled)
        {
            self.throttle
                .settle_at(now, key, settled == Settlement::Delivered);
        }
    }

    /// Tells of a rate or ratio, under a fingerprint of the rule's own.
    fn tell_rule_at(
        &mut self,
        now: Tick,
        at: usize,
        level: Severity,
        content: impl Fn() -> Content,
    ) -> Vec<Plan> {
        let rule = &self.rules[at];
        let (name, channels) = (rule.rule.name.clone(), rule.channels.clone());
        let state = match content() {
            Content::InBounds => SubjectState {
                name: IN_BOUNDS,
                is_good: true,
                level,
            },
            _ => SubjectState {
                name: FIRING,
                is_good: false,
                level,
            },
        };
        let is_first_good = state.is_good && self.rules[at].tracker.take_restored();
        let id = |channel| (channel, Fingerprint::from_parts(&[RULE, &name]));
        let observation = || Observation {
            state,
            rule: Some(name.clone()),
            content: content(),
            is_first_good,
        };
        channels
            .into_iter()
            .filter_map(|channel| self.observe_at(now, id(channel), observation()))
            .collect()
    }

    /// Tells every channel of the first rule that watches something of this kind and wants this
    /// state of it.
    fn tell_watchers_at(
        &mut self,
        now: Tick,
        fingerprint: Fingerprint,
        (state, is_first_good): (SubjectState, bool),
        content: impl Fn() -> Content,
        watches: impl Fn(&Trigger) -> bool,
    ) -> Vec<Plan> {
        let observation = |rule| Observation {
            state,
            rule,
            content: content(),
            is_first_good,
        };
        let observations = self
            .watchers(state, watches)
            .into_iter()
            .map(|(channel, rule)| (channel, observation(rule)));
        observations
            .filter_map(|(channel, observation)| {
                self.observe_at(now, (channel, fingerprint), observation)
            })
            .collect()
    }

    /// The channels of rules that watch something, each with the first rule that wants this state
    /// of it.
    pub(super) fn watchers(
        &self,
        state: SubjectState,
        watches: impl Fn(&Trigger) -> bool,
    ) -> BTreeMap<usize, Option<String>> {
        let mut watching: BTreeMap<usize, Option<String>> = BTreeMap::new();
        for RuleState { rule, channels, .. } in self
            .rules
            .iter()
            .filter(|state| watches(&state.rule.trigger))
        {
            for channel in channels {
                let sent_by = watching.entry(*channel).or_default();
                if sent_by.is_none() && state.level >= rule.min_level {
                    *sent_by = Some(rule.name.clone());
                }
            }
        }
        watching
    }

    pub(super) fn observe_at(
        &mut self,
        now: Tick,
        id: Id,
        observation: Observation,
    ) -> Option<Plan> {
        let observation = self.unread.defer(now, id, observation)?;
        match self.subjects.observe_at(now, id, observation) {
            subject::StateVerdict::Send(plan) => self.cap_at(now, *plan),
            subject::StateVerdict::HoldBack => {
                self.suppressed += 1;
                None
            }
            subject::StateVerdict::Ignore => None,
        }
    }

    fn evaluate_at(
        &mut self,
        now: Tick,
        key: Key,
        rule: &str,
        recovery_after: Option<Duration>,
        content: impl Fn() -> Content,
    ) -> Option<Plan> {
        let (key, verdict) = self.throttle.evaluate_at(now, key, recovery_after);
        match verdict {
            Verdict::HoldBack => {
                self.suppressed += 1;
                None
            }
            Verdict::Send {
                suppressed,
                escalated,
            } => self.cap_at(
                now,
                Plan {
                    suppressed,
                    escalated,
                    ..Plan::new(key, rule.to_owned(), content())
                },
            ),
        }
    }

    /// Lets a plan through, or puts it into the digest of its channel.
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
}

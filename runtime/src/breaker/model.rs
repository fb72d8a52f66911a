//! A slow, obvious model of a breaker that walks beside the real one on long random histories.
//!
//! It keeps every call of the present state in a list, recomputes everything from it, and knows nothing of words, bits,
//! buckets or locks. `cargo test` walks a bounded number of steps; the long form is
//! `GARDEFOU_MODEL_STEPS=1000000 cargo test --release -p gardefou --lib breaker::model`.

#![expect(clippy::unwrap_used, reason = "a test that finds nothing has failed")]

use super::{
    cause::CauseText,
    config::{BreakerConfig, WindowKind},
    handle::CircuitBreaker,
    observers::BreakerSubscription,
    shared::Ticket,
};
use crate::{
    event::{BreakerEventKind, CircuitState, Event, TransitionReason},
    rng::Rng,
    time::{ManualClock, SharedClock, saturating_nanos},
};
use CircuitState::{Closed, Disabled, ForcedOpen, HalfOpen, Open};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

type Change = (CircuitState, CircuitState, TransitionReason, u64);

/// One call of the present closed state.
#[derive(Clone, Copy, Debug)]
struct Entry {
    at: u64,
    failure: bool,
    slow: bool,
}

/// A call that is running.
#[derive(Clone, Copy, Debug)]
struct Running {
    generation: u64,
    state: CircuitState,
    /// Let in by shadow mode alone.
    bystander: bool,
    start: u64,
    /// The entry under which it was counted as slow while it ran.
    counted: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    success: u64,
    failure: u64,
    ignored: u64,
    slow: u64,
    rejected: u64,
    abandoned: u64,
}

struct Model {
    config: BreakerConfig,
    now: u64,
    state: CircuitState,
    until: u64,
    generation: u64,
    consecutive: u32,
    reopened: u32,
    successes: u32,
    carried: u32,
    entries: Vec<Entry>,
    running: BTreeMap<u64, Running>,
    counts: Counts,
    changes: Vec<Change>,
    rng: Rng,
}

impl Model {
    fn new(config: BreakerConfig, seed: u64) -> Self {
        Self {
            config,
            now: 0,
            state: Closed,
            until: 0,
            generation: 0,
            consecutive: 0,
            reopened: 0,
            successes: 0,
            carried: 0,
            entries: Vec::new(),
            running: BTreeMap::new(),
            counts: Counts::default(),
            changes: Vec::new(),
            rng: Rng::seeded(seed),
        }
    }

    fn after(&self, from: u64, wait: Duration) -> u64 {
        from.saturating_add(saturating_nanos(wait))
    }

    fn open_time(&self, reopened: u32, fraction: f64) -> Duration {
        let mut seconds = self.config.recovery_timeout.as_secs_f64();
        for _ in 0..reopened.min(2000) {
            seconds *= self.config.recovery_backoff;
        }
        seconds *= 1.0 + self.config.recovery_jitter * fraction;
        let cap = self.config.max_recovery_timeout;
        if seconds >= cap.as_secs_f64() { cap } else { Duration::from_secs_f64(seconds) }
    }

    fn change(&mut self, to: CircuitState, reason: TransitionReason) {
        self.generation += 1;
        self.changes.push((self.state, to, reason, self.generation));
        self.state = to;
        self.consecutive = 0;
        self.entries.clear();
        self.successes = 0;
        self.rng.next_u64();
    }

    fn open(&mut self, at: u64, reason: TransitionReason) {
        let fraction = self.rng.clone().next_fraction();
        self.until = self.after(at, self.open_time(self.reopened, fraction));
        self.carried = 0;
        self.change(Open, reason);
    }

    fn probes(&self) -> usize {
        self.running.values().filter(|call| call.generation == self.generation && !call.bystander).count()
    }

    /// What time alone does when somebody looks; a half-open state ends when it was to end.
    fn pass_time(&mut self) {
        if self.state == HalfOpen && self.now >= self.until {
            let (hung, successes, ended) = (self.probes() > 0, self.successes, self.until);
            self.reopened += u32::from(hung);
            self.open(ended, TransitionReason::HalfOpenTimeout);
            self.carried = if hung { 0 } else { successes };
        }
    }

    /// The state and the rest of its time as the next call finds them.
    fn view(&self) -> (CircuitState, Option<u64>) {
        match self.state {
            Open if self.now >= self.until => (HalfOpen, Some(0)),
            Open => (Open, Some(self.until - self.now)),
            HalfOpen if self.now >= self.until => {
                let reopened = self.reopened + u32::from(self.probes() > 0);
                let wait = self.open_time(reopened, self.rng.clone().next_fraction());
                let until = self.after(self.until, wait);
                if self.now >= until { (HalfOpen, Some(0)) } else { (Open, Some(until - self.now)) }
            }
            HalfOpen => (HalfOpen, Some(self.until - self.now)),
            other => (other, None),
        }
    }

    fn in_window(&self) -> &[Entry] {
        match self.config.window {
            None => &[],
            Some(WindowKind::Calls(calls)) => &self.entries[self.entries.len().saturating_sub(calls as usize)..],
            Some(WindowKind::Time(span)) => {
                let width = saturating_nanos(span).div_ceil(10);
                let oldest = (self.now / width).saturating_sub(9);
                let first = self.entries.iter().position(|entry| entry.at / width >= oldest);
                first.map_or(&[], |first| &self.entries[first..])
            }
        }
    }

    fn tally(&self) -> (u64, u64, u64) {
        let all = self.in_window();
        let count = |what: fn(&Entry) -> bool| all.iter().filter(|entry| what(entry)).count() as u64;
        (all.len() as u64, count(|e| e.failure), count(|e| e.slow))
    }

    fn trip(&mut self) {
        let (calls, failures, slow) = self.tally();
        let rate = |part: u64| part as f64 / calls as f64;
        let known = self.config.window.is_some() && calls >= u64::from(self.config.min_calls);
        let reason = if self.config.failure_threshold.is_some_and(|limit| self.consecutive >= limit) {
            TransitionReason::ConsecutiveFailures
        } else if known && self.config.failure_rate.is_some_and(|limit| rate(failures) >= limit) {
            TransitionReason::FailureRate
        } else if known && self.config.slow_rate.is_some_and(|limit| rate(slow) >= limit) {
            TransitionReason::SlowRate
        } else {
            return;
        };
        self.open(self.now, reason);
    }

    fn is_slow(&self, start: u64) -> bool {
        self.config.slow_call.is_some_and(|limit| self.now - start > saturating_nanos(limit))
    }

    /// Counts the calls that are slow and still run.
    fn look(&mut self) {
        if self.state != Closed {
            return;
        }
        let ids: Vec<u64> = self.running.keys().copied().collect();
        for id in ids {
            let call = self.running[&id];
            let mine = call.generation == self.generation && !call.bystander && call.counted.is_none();
            if self.state == Closed && mine && self.is_slow(call.start) {
                self.counts.slow += 1;
                self.running.get_mut(&id).unwrap().counted = Some(self.entries.len());
                self.entries.push(Entry { at: self.now, failure: false, slow: true });
                self.trip();
            }
        }
    }

    /// Answers a call: `Ok` with whether it is a bystander, or the time to wait.
    fn admit(&mut self, id: u64) -> Result<(), Option<u64>> {
        self.look();
        self.pass_time();
        if self.state == Open && self.now >= self.until {
            let carried = self.carried;
            self.until = self.after(self.now, self.config.half_open_timeout);
            self.change(HalfOpen, TransitionReason::RecoveryTimeElapsed);
            self.successes = carried;
        }
        let rejected = match self.state {
            Open => Some(Some(self.until - self.now)),
            ForcedOpen => Some(None),
            HalfOpen if self.probes() >= self.config.half_open_max_calls as usize => Some(None),
            _ => None,
        };
        self.counts.rejected += u64::from(rejected.is_some());
        match rejected {
            Some(wait) if !self.config.shadow => Err(wait),
            _ => {
                let (generation, state, start) = (self.generation, self.state, self.now);
                let bystander = rejected.is_some();
                self.running.insert(id, Running { generation, state, bystander, start, counted: None });
                Ok(())
            }
        }
    }

    fn end(&mut self, id: u64, failure: bool) {
        let call = self.running[&id];
        if call.state == Disabled || call.generation != self.generation {
            self.running.remove(&id);
            return;
        }
        let running_still = self.running.clone();
        if call.state == Closed {
            // The call that ends is not one that still runs.
            self.running.remove(&id);
            self.look();
        } else {
            self.pass_time();
            self.running = running_still;
            self.running.remove(&id);
        }
        if call.generation != self.generation {
            return;
        }
        self.counts.success += u64::from(!failure);
        self.counts.failure += u64::from(failure);
        if call.bystander {
            return;
        }
        let slow = self.is_slow(call.start);
        self.counts.slow += u64::from(slow && call.counted.is_none());
        if self.state == HalfOpen {
            if failure || slow && self.config.slow_rate.is_some() {
                self.reopened += 1;
                let reason = if failure { TransitionReason::ProbeFailed } else { TransitionReason::ProbeSlow };
                self.open(self.now, reason);
            } else {
                self.successes += 1;
                if self.successes >= self.config.success_threshold {
                    self.reopened = 0;
                    self.change(Closed, TransitionReason::ProbesSucceeded);
                }
            }
            return;
        }
        self.consecutive = if failure { self.consecutive + 1 } else { 0 };
        match call.counted {
            Some(entry) => self.entries[entry].failure |= failure,
            None => self.entries.push(Entry { at: self.now, failure, slow }),
        }
        self.trip();
    }

    fn let_go(&mut self, id: u64, ignored: bool) {
        let call = self.running[&id];
        if call.state == HalfOpen && call.generation == self.generation && !call.bystander {
            self.pass_time();
        }
        self.running.remove(&id);
        if call.state != Disabled && call.generation == self.generation {
            self.counts.ignored += u64::from(ignored);
        }
    }

    fn by_hand(&mut self, to: CircuitState) {
        if to == Closed {
            self.reopened = 0;
            self.consecutive = 0;
            self.entries.clear();
            self.generation += u64::from(self.state == Closed);
        }
        if self.state != to {
            self.change(to, TransitionReason::Manual);
        }
    }

    fn half_open(&mut self) -> bool {
        self.pass_time();
        match self.state {
            Open | ForcedOpen => {
                self.until = self.after(self.now, self.config.half_open_timeout);
                self.change(HalfOpen, TransitionReason::Manual);
                true
            }
            HalfOpen => true,
            _ => false,
        }
    }

    fn open_for(&mut self, wait: Duration) {
        self.pass_time();
        let wanted = self.after(self.now, wait);
        match self.state {
            Open => self.until = self.until.max(wanted),
            Closed | HalfOpen => {
                self.until = wanted;
                self.carried = 0;
                self.change(Open, TransitionReason::OpenFor);
            }
            _ => {}
        }
    }
}

/// The real breaker, the model, and the means to compare them.
struct Pair {
    clock: ManualClock,
    real: CircuitBreaker,
    model: Model,
    tickets: BTreeMap<u64, Ticket>,
    heard: Arc<Mutex<Vec<Change>>>,
    _subscription: BreakerSubscription,
    next_id: u64,
    /// How many half-open probes ran at once at most.
    most_probes: usize,
    step: usize,
}

impl Pair {
    fn new(config: &BreakerConfig, seed: u64) -> Self {
        let clock = ManualClock::new();
        let real = CircuitBreaker::of_shared(super::shared::Shared::new(
            "model".into(),
            config.clone(),
            SharedClock::new(clock.clone()),
            Rng::seeded(seed),
            super::builder::Place::Text("model"),
        ));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&heard);
        let _subscription = real.observe(move |event: &Event<'_>| {
            if let Event::Breaker(event) = event
                && let BreakerEventKind::Transition { from, to, reason, .. } = event.kind
            {
                sink.lock().unwrap().push((from, to, reason, event.generation));
            }
        });
        let model = Model::new(config.clone(), seed);
        let (tickets, next_id, most_probes, step) = (BTreeMap::new(), 0, 0, 0);
        Self { clock, real, model, tickets, heard, _subscription, next_id, most_probes, step }
    }

    fn admit(&mut self) {
        let id = self.next_id;
        self.next_id += 1;
        let expected = self.model.admit(id);
        match (self.real.shared().admit(), expected) {
            (Ok(ticket), Ok(())) => {
                self.tickets.insert(id, ticket);
            }
            (Err(denied), Err(wait)) => {
                assert_eq!(denied.retry_after().map(saturating_nanos), wait, "at {}", self.step);
            }
            (real, model) => panic!("step {}: the real one says {real:?}, the model {model:?}", self.step),
        }
        if self.model.state == HalfOpen {
            self.most_probes = self.most_probes.max(self.model.probes());
        }
    }

    fn compare(&mut self) {
        let (state, rest) = self.model.view();
        let seen = self.real.snapshot();
        let counts = Counts {
            success: seen.counts.success,
            failure: seen.counts.failure,
            ignored: seen.counts.ignored,
            slow: seen.counts.slow,
            rejected: seen.counts.rejected,
            abandoned: seen.counts.abandoned,
        };
        let step = self.step;
        assert_eq!((seen.state, seen.remaining.map(saturating_nanos)), (state, rest), "step {step}");
        assert_eq!(counts, self.model.counts, "step {step}");
        assert_eq!(seen.generation, self.model.generation, "step {step}");
        assert_eq!(seen.consecutive_failures, self.model.consecutive, "step {step}");
        assert_eq!(seen.failed_recoveries, self.model.reopened, "step {step}");
        let (calls, failures, slow) = self.model.tally();
        let known = self.model.config.window.is_some() && calls >= u64::from(self.model.config.min_calls);
        let rate = |part: u64| known.then(|| part as f64 / calls as f64);
        assert_eq!(seen.window_calls, calls, "step {step}");
        assert_eq!(seen.failure_rate, rate(failures), "step {step}");
        assert_eq!(seen.slow_rate, rate(slow).filter(|_| self.model.config.slow_call.is_some()), "step {step}");
        assert_eq!(
            std::mem::take(&mut *self.heard.lock().unwrap()),
            std::mem::take(&mut self.model.changes),
            "step {step}"
        );
    }

    /// Calls that are found slow in one look are counted in no order that anybody could foretell: the model takes over
    /// the real one's, by which a failure of one of them is later found again.
    fn agree_on_order(&mut self) {
        let shared = self.real.shared();
        let is_counted = |call: &&Running| call.counted.is_some() && call.generation == self.model.generation;
        let mut entries: Vec<_> = self.model.running.values().filter(is_counted).map(|call| call.counted).collect();
        let ids = self.model.running.iter().filter(|(_, call)| is_counted(call)).map(|(id, _)| *id);
        let mut ids: Vec<u64> = ids.collect();
        entries.sort();
        ids.sort_by_key(|id| shared.counted_entry(self.tickets[id]));
        for (id, entry) in ids.into_iter().zip(entries) {
            self.model.running.get_mut(&id).unwrap().counted = entry;
        }
    }

    fn random_call(&self, rng: &mut Rng) -> Option<u64> {
        let len = self.tickets.len();
        (len > 0).then(|| *self.tickets.keys().nth(below(rng, len as u64) as usize).unwrap())
    }

    fn walk(&mut self, steps: usize, rng: &mut Rng) {
        let long = saturating_nanos(self.model.config.recovery_timeout);
        // Each mood lasts a while; the first one is healthy, as life is.
        let (mut failing, mut mood_ends) = (0, 200 + below(rng, 3000));
        for step in 0..steps {
            self.step = step;
            if step as u64 > mood_ends {
                failing = [0, 1, 5, 30, 50, 90, 100][below(rng, 7) as usize];
                mood_ends = step as u64 + 20 + below(rng, 2000);
            }
            match below(rng, 1000) {
                0..400 if self.tickets.len() < 40 => self.admit(),
                0..700 => {
                    let Some(id) = self.random_call(rng) else { continue };
                    let failure = below(rng, 100) < failing;
                    let ticket = self.tickets.remove(&id).unwrap();
                    self.model.end(id, failure);
                    if failure {
                        self.real.shared().fail(ticket, CauseText::EMPTY);
                    } else {
                        self.real.shared().succeed(ticket);
                    }
                }
                700..760 => {
                    let Some(id) = self.random_call(rng) else { continue };
                    let ticket = self.tickets.remove(&id).unwrap();
                    let ignored = below(rng, 2) == 0;
                    self.model.let_go(id, ignored);
                    if ignored {
                        self.real.shared().ignore(ticket);
                    } else {
                        self.real.shared().release(ticket);
                    }
                }
                760..780 => {
                    let Some(id) = self.random_call(rng) else { continue };
                    let ticket = self.tickets.remove(&id).unwrap();
                    let since = self.model.running[&id].start;
                    self.abandon(id, ticket, since);
                }
                780..970 => {
                    let wait = match below(rng, 20) {
                        0 => long,
                        1 => 2 * long,
                        2 => below(rng, 4 * long),
                        3 => 100 * long,
                        _ => below(rng, long / 20),
                    };
                    self.clock.advance(Duration::from_nanos(wait));
                    self.model.now += wait;
                }
                970 => self.by_hand(ForcedOpen),
                971 => self.by_hand(Disabled),
                972..975 => {
                    assert_eq!(self.real.half_open().is_ok(), self.model.half_open());
                }
                975 => {
                    let wait = Duration::from_nanos(below(rng, 3 * long));
                    self.model.open_for(wait);
                    self.real.open_for(wait);
                }
                976..980 => self.by_hand(Closed),
                // Often healthy again, so that histories without people in them are long.
                _ if matches!(self.model.state, ForcedOpen | Disabled) => self.by_hand(Closed),
                _ => {}
            }
            self.compare();
            self.agree_on_order();
        }
    }

    fn abandon(&mut self, id: u64, ticket: Ticket, since: u64) {
        let elapsed = Duration::from_nanos(self.model.now - since);
        if elapsed >= self.model.config.abandoned_after {
            let before = self.model.counts.failure;
            self.model.end(id, true);
            self.model.counts.abandoned += self.model.counts.failure - before;
        } else {
            self.model.let_go(id, false);
        }
        self.real.shared().drop_pending(ticket, crate::time::Tick::from_nanos(since));
    }

    fn by_hand(&mut self, to: CircuitState) {
        self.model.by_hand(to);
        match to {
            ForcedOpen => self.real.force_open(),
            Disabled => self.real.disable(),
            _ => self.real.reset(),
        }
    }
}

fn below(rng: &mut Rng, limit: u64) -> u64 {
    rng.next_u64() % limit.max(1)
}

fn steps() -> usize {
    std::env::var("GARDEFOU_MODEL_STEPS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

fn agree(configure: impl Fn(super::BreakerBuilder) -> super::BreakerBuilder) {
    let config = configure(CircuitBreaker::builder("model")).resolve().unwrap();
    let lives = 4;
    for seed in 0..lives {
        let mut pair = Pair::new(&config, seed);
        pair.walk(steps() / lives as usize, &mut Rng::seeded(seed + 100));
        assert!(pair.most_probes <= config.half_open_max_calls as usize, "{} probes at once", pair.most_probes);
        assert!(pair.model.generation > 10, "a history in which nothing happens proves nothing");
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn consecutive_failures_agree_with_the_model() {
    agree(|b| b);
    agree(|b| b.failure_threshold(1).half_open_max_calls(1));
    agree(|b| b.failure_threshold(3).success_threshold(3).half_open_max_calls(4).half_open_timeout(5 * SECOND));
}

#[test]
fn growing_open_times_agree_with_the_model() {
    agree(|b| b.recovery_backoff(2.0).max_recovery_timeout(Duration::from_secs(1000)));
    agree(|b| b.recovery_backoff(1.5).recovery_jitter(0.3).success_threshold(2).recovery_timeout(SECOND));
}

#[test]
fn short_count_windows_agree_with_the_model() {
    agree(|b| b.count_window(1).recovery_timeout(SECOND));
    agree(|b| b.count_window(10).failure_rate(0.3));
    agree(|b| b.count_window(63).min_calls(20).recovery_timeout(SECOND));
    agree(|b| b.count_window(64).failure_rate(0.9).failure_threshold(12));
}

#[test]
fn long_count_windows_agree_with_the_model() {
    agree(|b| b.count_window(65).failure_rate(0.2));
    agree(|b| b.count_window(200).failure_rate(0.1).min_calls(30));
}

#[test]
fn time_windows_agree_with_the_model() {
    agree(|b| b.time_window(10 * SECOND).min_calls(3));
    agree(|b| b.time_window(Duration::from_millis(1003)).failure_rate(0.2).recovery_timeout(SECOND));
    agree(|b| b.time_window(600 * SECOND).failure_rate(0.8).failure_threshold(20).recovery_backoff(3.0));
}

#[test]
fn slow_calls_agree_with_the_model() {
    agree(|b| b.slow_call(2 * SECOND));
    agree(|b| b.slow_call(5 * SECOND).slow_rate(0.9).count_window(20).success_threshold(2));
    agree(|b| b.slow_call(SECOND).slow_rate(0.3).time_window(60 * SECOND).min_calls(5));
}

#[test]
fn shadow_mode_agrees_with_the_model() {
    agree(|b| b.shadow(true));
    agree(|b| b.shadow(true).count_window(20).slow_call(2 * SECOND).half_open_timeout(3 * SECOND));
}

//! The model: every call of the present state in a list, from which everything is computed anew.

use crate::{
    breaker::config::{BreakerConfig, WindowKind},
    event::{CircuitState, TransitionReason},
    rng::Rng,
    time::saturating_nanos,
};
use CircuitState::{Closed, Disabled, ForcedOpen, HalfOpen, Open};
use std::{collections::BTreeMap, time::Duration};

pub(super) type Change = (CircuitState, CircuitState, TransitionReason, u64);

/// One call of the present closed state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    at: u64,
    failure: bool,
    slow: bool,
}

/// A call that is running.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    pub(super) generation: u64,
    pub(super) state: CircuitState,
    /// Let in by shadow mode alone.
    pub(super) bystander: bool,
    pub(super) start: u64,
    /// The entry under which it was counted as slow while it ran.
    pub(super) counted: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) success: u64,
    pub(super) failure: u64,
    pub(super) ignored: u64,
    pub(super) slow: u64,
    pub(super) rejected: u64,
    pub(super) abandoned: u64,
}

pub(super) struct Model {
    pub(super) config: BreakerConfig,
    pub(super) now: u64,
    pub(super) state: CircuitState,
    pub(super) until: u64,
    pub(super) generation: u64,
    pub(super) consecutive: u32,
    pub(super) reopened: u32,
    pub(super) successes: u32,
    pub(super) carried: u32,
    pub(super) entries: Vec<Entry>,
    pub(super) running: BTreeMap<u64, Running>,
    pub(super) counts: Counts,
    pub(super) changes: Vec<Change>,
    pub(super) rng: Rng,
}

impl Model {
    pub(super) fn new(config: BreakerConfig, seed: u64) -> Self {
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

    pub(super) fn after(&self, from: u64, wait: Duration) -> u64 {
        from.saturating_add(saturating_nanos(wait))
    }

    pub(super) fn open_time(&self, reopened: u32, fraction: f64) -> Duration {
        let mut seconds = self.config.recovery_timeout.as_secs_f64();
        for _ in 0..reopened.min(2000) {
            seconds *= self.config.recovery_backoff;
        }
        seconds *= 1.0 + self.config.recovery_jitter * fraction;
        let cap = self.config.max_recovery_timeout;
        if seconds >= cap.as_secs_f64() { cap } else { Duration::from_secs_f64(seconds) }
    }

    pub(super) fn change(&mut self, to: CircuitState, reason: TransitionReason) {
        self.generation += 1;
        self.changes.push((self.state, to, reason, self.generation));
        self.state = to;
        self.consecutive = 0;
        self.entries.clear();
        self.successes = 0;
        self.rng.next_u64();
    }

    pub(super) fn open(&mut self, at: u64, reason: TransitionReason) {
        let fraction = self.rng.clone().next_fraction();
        self.until = self.after(at, self.open_time(self.reopened, fraction));
        self.carried = 0;
        self.change(Open, reason);
    }

    pub(super) fn probes(&self) -> usize {
        self.running.values().filter(|call| call.generation == self.generation && !call.bystander).count()
    }

    /// What time alone does when somebody looks; a half-open state ends when it was to end.
    pub(super) fn pass_time(&mut self) {
        if self.state == HalfOpen && self.now >= self.until {
            let (hung, successes, ended) = (self.probes() > 0, self.successes, self.until);
            self.reopened += u32::from(hung);
            self.open(ended, TransitionReason::HalfOpenTimeout);
            self.carried = if hung { 0 } else { successes };
        }
    }

    /// The state and the rest of its time as the next call finds them.
    pub(super) fn view(&self) -> (CircuitState, Option<u64>) {
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

    pub(super) fn in_window(&self) -> &[Entry] {
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

    pub(super) fn tally(&self) -> (u64, u64, u64) {
        let all = self.in_window();
        let count = |what: fn(&Entry) -> bool| all.iter().filter(|entry| what(entry)).count() as u64;
        (all.len() as u64, count(|e| e.failure), count(|e| e.slow))
    }

    pub(super) fn trip(&mut self) {
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

    pub(super) fn is_slow(&self, start: u64) -> bool {
        self.config.slow_call.is_some_and(|limit| self.now - start > saturating_nanos(limit))
    }

    /// Counts the calls that are slow and still run.
    pub(super) fn look(&mut self) {
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
    pub(super) fn admit(&mut self, id: u64) -> Result<(), Option<u64>> {
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

    pub(super) fn end(&mut self, id: u64, failure: bool) {
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

    pub(super) fn let_go(&mut self, id: u64, ignored: bool) {
        let call = self.running[&id];
        if call.state == HalfOpen && call.generation == self.generation && !call.bystander {
            self.pass_time();
        }
        self.running.remove(&id);
        if call.state != Disabled && call.generation == self.generation {
            self.counts.ignored += u64::from(ignored);
        }
    }

    pub(super) fn by_hand(&mut self, to: CircuitState) {
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

    pub(super) fn half_open(&mut self) -> bool {
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

    pub(super) fn open_for(&mut self, wait: Duration) {
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

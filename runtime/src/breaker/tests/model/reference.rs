//! Model: every call of the present state in a list, from which everything is recomputed.

use crate::{
    breaker::{
        config::{BreakerConfig, WindowKind},
        snapshot::CallCounts,
    },
    event::{CircuitState, TransitionReason},
    rng::Rng,
    time::saturating_nanos,
};
use CircuitState::{Closed, Disabled, ForcedOpen, HalfOpen, Open};
use std::{collections::BTreeMap, time::Duration};

/// An event, as far as it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModelEvent {
    Change {
        from: CircuitState,
        to: CircuitState,
        reason: TransitionReason,
        generation: u64,
        /// The number of the opening that it belongs to.
        opening: Option<u32>,
        rejected: u64,
    },
    Rejected {
        generation: u64,
        opening: u32,
    },
    Slow {
        pending: bool,
        generation: u64,
    },
    Abandoned(u64),
}

/// One call of the present closed state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) at: u64,
    pub(super) failure: bool,
    pub(super) slow: bool,
}

/// A call that is running.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    pub(super) generation: u64,
    pub(super) state: CircuitState,
    /// Admitted while calls were timed.
    pub(super) timed: bool,
    /// Admitted by shadow mode alone.
    pub(super) bystander: bool,
    /// Its outcome is recorded by the coarse reading of the clock.
    pub(super) coarse: bool,
    pub(super) start: u64,
    /// How many calls had succeeded by then.
    pub(super) successes: u64,
    /// The entry under which it was counted as slow while it ran.
    pub(super) counted: Option<usize>,
}

/// The model of a breaker.
pub(super) struct Model {
    pub(super) config: BreakerConfig,
    pub(super) now: u64,
    /// The step of the coarse reading, if there is one, and how far it lags behind `now`.
    pub(super) step: Option<Duration>,
    pub(super) behind: u64,
    /// The newest time at which a window over time was used: an earlier reading counts as of then.
    pub(super) newest: u64,
    pub(super) state: CircuitState,
    pub(super) until: u64,
    pub(super) since: u64,
    pub(super) generation: u64,
    pub(super) consecutive: u32,
    pub(super) reopened: u32,
    pub(super) successes: u32,
    /// The middle of the half-open time.
    pub(super) middle: u64,
    /// Whether a probe ended in a permanent error.
    pub(super) answered: bool,
    pub(super) entries: Vec<Entry>,
    /// The first entry that a change of the window has left.
    pub(super) first: usize,
    pub(super) running: BTreeMap<u64, Running>,
    pub(super) counts: CallCounts,
    /// How many calls succeeded in this life.
    pub(super) succeeded: u64,
    pub(super) events: Vec<ModelEvent>,
    /// When calls failed, and their texts: the last one, and those less than a second before it.
    pub(super) failures: Vec<(u64, String)>,
    pub(super) opened_by: Option<String>,
    /// The texts that may stand for it: a success or time can make a rate known or raise it, and the
    /// last failure before then need not have a text of its own.
    pub(super) opened_by_rate: Vec<String>,
    /// The call that ends has failed.
    pub(super) is_failing: bool,
    /// How many openings there were.
    pub(super) openings: u32,
    /// How many calls the present one has rejected.
    pub(super) rejected: u64,
    pub(super) rng: Rng,
}

impl Model {
    pub(super) fn new(config: BreakerConfig, seed: u64) -> Self {
        Self {
            config,
            now: 0,
            step: None,
            behind: 0,
            newest: 0,
            state: Closed,
            until: 0,
            since: 0,
            generation: 0,
            consecutive: 0,
            reopened: 0,
            successes: 0,
            middle: 0,
            answered: false,
            entries: Vec::new(),
            first: 0,
            running: BTreeMap::new(),
            counts: CallCounts::default(),
            succeeded: 0,
            events: Vec::new(),
            failures: Vec::new(),
            opened_by: None,
            opened_by_rate: Vec::new(),
            is_failing: false,
            openings: 0,
            rejected: 0,
            rng: Rng::seeded(seed),
        }
    }

    pub(super) fn after(&self, from: u64, wait: Duration) -> u64 {
        from.saturating_add(saturating_nanos(wait))
    }

    /// Returns `true` if all that time decides in this state takes at least fifty steps.
    pub(super) fn is_coarse(&self) -> bool {
        let dropped = match self.config.abandoned_after {
            Duration::ZERO => Duration::MAX,
            after => after,
        };
        let shortest = match (self.state, self.config.window) {
            (Open, _) => Duration::from_nanos(self.until - self.since),
            (HalfOpen, _) => Duration::ZERO,
            (Closed, _) if self.config.slow_call.is_some() => Duration::ZERO,
            (Closed, Some(WindowKind::Time(span))) => span.min(dropped),
            _ => dropped,
        };
        self.step.is_some_and(|step| shortest >= step * 50)
    }

    /// Returns the present time by one of the two readings.
    pub(super) fn read(&self, coarse: bool) -> u64 {
        if coarse {
            self.now.saturating_sub(self.behind)
        } else {
            self.now
        }
    }

    pub(super) fn open_time(&self, reopened: u32, fraction: f64) -> Duration {
        let mut seconds = self.config.recovery_timeout.as_secs_f64();
        for _ in 0..reopened.min(2000) {
            seconds *= self.config.recovery_backoff;
        }
        seconds *= 1.0 + self.config.recovery_jitter * fraction;
        let cap = self.config.max_recovery_timeout;
        if seconds >= cap.as_secs_f64() {
            cap
        } else {
            Duration::from_secs_f64(seconds)
        }
    }

    pub(super) fn change(&mut self, at: u64, to: CircuitState, reason: TransitionReason) {
        use TransitionReason::{ConsecutiveFailures, FailureRate, HalfOpenTimeout, ProbeFailed};
        self.generation += 1;
        let was_open = matches!(self.state, Open | HalfOpen | ForcedOpen);
        self.openings += u32::from(matches!(to, Open | ForcedOpen));
        self.events.push(ModelEvent::Change {
            from: self.state,
            to,
            reason,
            generation: self.generation,
            opening: (was_open || matches!(to, Open | ForcedOpen)).then_some(self.openings),
            rejected: self.rejected,
        });
        if to != HalfOpen {
            self.rejected = 0;
        }
        let last = self.failures.last().map(|(_, text)| text.clone());
        if to == Open && reason != HalfOpenTimeout {
            self.opened_by_rate.clear();
        }
        if to == Open && reason == FailureRate && !self.is_failing {
            self.opened_by_rate = self.recent_texts().cloned().collect();
        }
        match (to, reason) {
            (Open, HalfOpenTimeout) => {}
            (Open, ConsecutiveFailures | FailureRate | ProbeFailed) => self.opened_by = last,
            (Open, _) => self.opened_by = None,
            (ForcedOpen, _) => self.opened_by = Some("forced open by hand".to_owned()),
            _ => {}
        }
        self.state = to;
        self.since = at;
        self.consecutive = 0;
        self.forget_entries();
        self.successes = 0;
        self.answered = false;
        self.rng.next_u64();
    }

    pub(super) fn open(&mut self, at: u64, reason: TransitionReason) {
        let fraction = self.rng.clone().next_fraction();
        self.until = self.after(at, self.open_time(self.reopened, fraction));
        self.change(at, Open, reason);
    }

    pub(super) fn forget_entries(&mut self) {
        self.entries.clear();
        self.first = 0;
    }

    /// Why the circuit is not closed, as in a snapshot.
    pub(super) fn seen_opened_by(&self) -> Option<String> {
        self.opened_by
            .clone()
            .filter(|_| !matches!(self.view().0, Closed | Disabled))
    }

    pub(super) fn probes(&self) -> usize {
        self.running_probes().count()
    }

    pub(super) fn running_probes(&self) -> impl Iterator<Item = &Running> {
        self.running
            .values()
            .filter(|call| call.generation == self.generation && !call.bystander)
    }

    /// When the half-open state was ended by its limit, and what came then.
    pub(super) fn half_open_end(&self) -> Option<(u64, CircuitState)> {
        if self.state != HalfOpen || self.now < self.until {
            return None;
        }
        let next = self.after(self.until, self.config.half_open_timeout);
        if self
            .running_probes()
            .any(|probe| probe.start <= self.middle)
        {
            Some((self.until, Open))
        } else if self.answered {
            Some((self.until, Closed))
        } else if self.probes() > 0 && self.now >= next {
            Some((next, Open))
        } else {
            None
        }
    }

    pub(super) fn begin_limit(&mut self, at: u64) {
        self.until = self.after(at, self.config.half_open_timeout);
        self.middle = self.after(at, self.config.half_open_timeout / 2);
    }

    /// Applies the changes of time alone; a half-open state ends as of its limit.
    pub(super) fn pass_time(&mut self) {
        match self.half_open_end() {
            Some((ended, Closed)) => {
                self.reopened = 0;
                self.change(ended, Closed, TransitionReason::ProbesAnswered);
            }
            Some((ended, _)) => {
                self.reopened += 1;
                self.open(ended, TransitionReason::HalfOpenTimeout);
            }
            None if self.state == HalfOpen && self.now >= self.until && self.probes() > 0 => {
                self.begin_limit(self.until);
            }
            None => {}
        }
    }

    /// The state, the rest of its time and its beginning as the next call finds them.
    pub(super) fn view(&self) -> (CircuitState, Option<u64>, u64) {
        match self.state {
            Open if self.now >= self.until => (HalfOpen, Some(0), self.until),
            Open => (Open, Some(self.until - self.now), self.since),
            HalfOpen if self.now >= self.until => match self.half_open_end() {
                Some((ended, Closed)) => (Closed, None, ended),
                Some((ended, _)) => {
                    let wait = self.open_time(self.reopened + 1, self.rng.clone().next_fraction());
                    let until = self.after(ended, wait);
                    if self.now >= until {
                        (HalfOpen, Some(0), until)
                    } else {
                        (Open, Some(until - self.now), ended)
                    }
                }
                None if self.probes() == 0 => (HalfOpen, Some(0), self.since),
                None => {
                    let next = self.after(self.until, self.config.half_open_timeout);
                    (HalfOpen, Some(next - self.now), self.since)
                }
            },
            HalfOpen => (HalfOpen, Some(self.until - self.now), self.since),
            other => (other, None, self.since),
        }
    }

    pub(super) fn in_window_at(&self, now: u64) -> &[Entry] {
        let entries = &self.entries[self.first..];
        match self.config.window {
            None => &[],
            Some(WindowKind::Calls(calls)) => {
                &entries[entries.len().saturating_sub(calls as usize)..]
            }
            Some(WindowKind::Time(span)) => {
                let width = saturating_nanos(span).div_ceil(10);
                let oldest = (now.max(self.newest) / width).saturating_sub(9);
                let first = entries.iter().position(|entry| entry.at / width >= oldest);
                first.map_or(&[], |first| &entries[first..])
            }
        }
    }

    pub(super) fn tally_at(&self, now: u64) -> (u64, u64, u64) {
        let all = self.in_window_at(now);
        let count =
            |what: fn(&Entry) -> bool| all.iter().filter(|entry| what(entry)).count() as u64;
        (all.len() as u64, count(|e| e.failure), count(|e| e.slow))
    }

    pub(super) fn trip_at(&mut self, now: u64) {
        let (calls, failures, slow) = self.tally_at(now);
        let rate = |part: u64| part as f64 / calls as f64;
        let known = self.config.window.is_some() && calls >= u64::from(self.config.min_calls);
        let reason = if self
            .config
            .failure_threshold
            .is_some_and(|limit| self.consecutive >= limit)
        {
            TransitionReason::ConsecutiveFailures
        } else if known
            && self
                .config
                .failure_rate
                .is_some_and(|limit| rate(failures) >= limit)
        {
            TransitionReason::FailureRate
        } else if known
            && self
                .config
                .slow_rate
                .is_some_and(|limit| rate(slow) >= limit)
        {
            TransitionReason::SlowRate
        } else {
            return;
        };
        // However the call was recorded, the open time begins now.
        self.open(self.now, reason);
    }

    pub(super) fn fail_at(&mut self, at: u64, text: String) {
        let second = 1_000_000_000;
        self.failures
            .retain(|(before, _)| at.saturating_sub(*before) < second);
        self.failures.push((at, text));
    }

    pub(super) fn compare_last_failure(&self, real: Option<(u64, String)>, step: usize) {
        let at = self.failures.last().map(|(at, _)| *at);
        assert_eq!(real.as_ref().map(|it| it.0), at, "step {step}");
        // The text may be that of a failure shortly before.
        let is_known = real.is_none_or(|(_, text)| self.recent_texts().any(|it| *it == text));
        assert!(is_known, "step {step}");
    }

    /// Takes the real breaker's choice of the texts that may stand for the cause of an opening.
    pub(super) fn adopt_cause(&mut self, real: Option<&String>) {
        if let Some(text) = real.filter(|text| self.opened_by_rate.contains(text)) {
            self.opened_by = Some(text.clone());
        }
    }

    pub(super) fn recent_texts(&self) -> impl Iterator<Item = &String> {
        self.failures.iter().map(|(_, text)| text)
    }

    /// Adds a call to the window.
    pub(super) fn enter(&mut self, mut entry: Entry) {
        if let Some(WindowKind::Time(_)) = self.config.window {
            self.newest = self.newest.max(entry.at);
            entry.at = self.newest;
        }
        self.entries.push(entry);
    }
}

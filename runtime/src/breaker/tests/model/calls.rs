//! Calls of the model: admission, outcome, and slow calls that are running.

use super::reference::{Entry, Model, ModelEvent, Running};
use crate::{
    event::{CircuitState, TransitionReason},
    time::saturating_nanos,
};
use CircuitState::{Closed, Disabled, ForcedOpen, HalfOpen, Open};

impl Model {
    pub(super) fn is_slow(&self, start: u64) -> bool {
        self.config
            .slow_call
            .is_some_and(|limit| self.now - start > saturating_nanos(limit))
    }

    /// Counts the running calls that are slow.
    pub(super) fn count_overdue(&mut self) {
        if self.state != Closed {
            return;
        }
        let ids: Vec<u64> = self.running.keys().copied().collect();
        for id in ids {
            let call = self.running[&id];
            let mine = call.generation == self.generation
                && call.timed
                && !call.bystander
                && call.counted.is_none();
            if self.state == Closed && mine && self.is_slow(call.start) {
                self.counts.slow += 1;
                self.events.push(ModelEvent::Slow {
                    pending: true,
                    generation: self.generation,
                });
                self.running.get_mut(&id).unwrap().counted = Some(self.entries.len());
                self.enter(Entry {
                    at: self.now,
                    failure: false,
                    slow: true,
                });
                self.trip_at(self.now);
            }
        }
    }

    /// Admits a call, or returns the time to wait, where it is known.
    pub(super) fn admit(&mut self, id: u64) -> Result<(), Option<u64>> {
        self.is_failing = false;
        // The state that the call finds tells which reading decides about it.
        let was_coarse = self.is_coarse();
        let read = self.read(was_coarse);
        self.count_overdue();
        self.pass_time();
        if self.state == Open && read >= self.until {
            self.begin_limit(self.now);
            self.change(self.now, HalfOpen, TransitionReason::RecoveryTimeElapsed);
        }
        if self.state == HalfOpen && self.now >= self.until {
            self.begin_limit(self.now);
        }
        let rejected = match self.state {
            Open => Some(Some(self.until - read.max(self.since))),
            ForcedOpen => Some(None),
            HalfOpen if self.probes() >= self.config.half_open_max_calls as usize => Some(None),
            _ => None,
        };
        if rejected.is_some() {
            self.counts.rejected += 1;
            self.rejected += 1;
            self.events.push(ModelEvent::Rejected {
                generation: self.generation,
                opening: self.openings,
            });
        }
        match rejected {
            Some(wait) if !self.config.shadow => Err(wait),
            _ => {
                let (generation, state, start) = (self.generation, self.state, self.now);
                let successes = self.succeeded;
                let bystander = rejected.is_some();
                let timed = self.config.slow_call.is_some() && !bystander;
                let coarse = if bystander {
                    was_coarse
                } else {
                    self.is_coarse()
                };
                self.running.insert(
                    id,
                    Running {
                        generation,
                        state,
                        timed,
                        bystander,
                        coarse,
                        start,
                        successes,
                        counted: None,
                    },
                );
                Ok(())
            }
        }
    }

    /// Ends a call; with `failed`, the text of its failure and whether it was abandoned.
    pub(super) fn end(&mut self, id: u64, failed: Option<(String, bool)>) {
        self.end_at(self.read(self.running[&id].coarse), id, failed);
    }

    /// Ends a call whose outcome is recorded as of `at`.
    pub(super) fn end_at(&mut self, at: u64, id: u64, failed: Option<(String, bool)>) {
        let failure = failed.is_some();
        let call = self.running[&id];
        self.is_failing = false;
        if call.state == Disabled || call.generation != self.generation {
            self.running.remove(&id);
            return;
        }
        let running_still = self.running.clone();
        if call.state == Closed {
            // The call that ends is not running any more.
            self.running.remove(&id);
            if call.timed {
                self.count_overdue();
            }
        } else {
            self.pass_time();
            self.running = running_still;
            self.running.remove(&id);
        }
        if call.generation != self.generation {
            return;
        }
        self.counts.success += u64::from(!failure);
        self.succeeded += u64::from(!failure);
        self.counts.failure += u64::from(failure);
        self.is_failing = failure;
        if let Some((text, abandoned)) = failed {
            self.fail_at(at, text);
            if abandoned {
                self.counts.abandoned += 1;
                self.events.push(ModelEvent::Abandoned(self.generation));
            }
        }
        if call.bystander {
            return;
        }
        let slow = call.timed && self.is_slow(call.start);
        if slow && call.counted.is_none() {
            self.counts.slow += 1;
            self.events.push(ModelEvent::Slow {
                pending: false,
                generation: self.generation,
            });
        }
        if self.state == HalfOpen {
            if failure || slow && self.config.slow_rate.is_some() {
                self.reopened += 1;
                let reason = if failure {
                    TransitionReason::ProbeFailed
                } else {
                    TransitionReason::ProbeSlow
                };
                self.open(self.now, reason);
            } else {
                self.successes += 1;
                if self.successes >= self.config.success_threshold {
                    self.reopened = 0;
                    self.change(self.now, Closed, TransitionReason::ProbesSucceeded);
                }
            }
            return;
        }
        self.consecutive = if failure { self.consecutive + 1 } else { 0 };
        match call.counted {
            Some(entry) => self.entries[entry].failure |= failure,
            None => self.enter(Entry { at, failure, slow }),
        }
        self.trip_at(at);
    }

    /// Ends a call that neither succeeded nor failed.
    pub(super) fn release(&mut self, id: u64, ignored: bool, answered: bool) {
        let call = self.running[&id];
        if call.state == HalfOpen && call.generation == self.generation && !call.bystander {
            self.pass_time();
        }
        self.running.remove(&id);
        if call.state != Disabled && call.generation == self.generation {
            self.counts.ignored += u64::from(ignored);
            self.answered |= answered && self.state == HalfOpen && !call.bystander;
        }
    }
}

//! Changes of the model that no call makes.

use super::reference::Model;
use crate::{
    breaker::{
        config::{BreakerConfig, WindowKind},
        snapshot::BreakerSnapshot,
    },
    event::{CircuitState, TransitionReason},
    time::saturating_nanos,
};
use CircuitState::{Closed, ForcedOpen, HalfOpen, Open};
use std::time::Duration;

impl Model {
    pub(super) fn by_hand(&mut self, to: CircuitState) {
        if to == Closed {
            self.reopened = 0;
            self.consecutive = 0;
            self.forget_entries();
            self.generation += u64::from(self.state == Closed);
        }
        if self.state != to {
            self.change(self.now, to, TransitionReason::Manual);
        }
    }

    pub(super) fn half_open(&mut self) -> bool {
        self.pass_time();
        match self.state {
            Open | ForcedOpen => {
                self.begin_limit(self.now);
                self.change(self.now, HalfOpen, TransitionReason::Manual);
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
                self.change(self.now, Open, TransitionReason::OpenFor);
            }
            _ => {}
        }
    }

    /// Replaces the configuration.
    pub(super) fn reconfigure(&mut self, config: BreakerConfig) {
        let (old, new) = (self.config.window, config.window);
        if old != new {
            let kept = match (old, new) {
                (Some(WindowKind::Calls(_)), Some(WindowKind::Calls(_)))
                | (Some(WindowKind::Time(_)), Some(WindowKind::Time(_))) => {
                    self.in_window_at(self.now).len()
                }
                _ => 0,
            };
            self.first = self.entries.len() - kept;
            if let Some(WindowKind::Time(span)) = old {
                // Of a call in a time window only its step is known.
                let width = saturating_nanos(span).div_ceil(10);
                self.entries
                    .iter_mut()
                    .for_each(|entry| entry.at = entry.at / width * width);
            }
            self.newest = match (old, self.entries[self.first..].last()) {
                (Some(WindowKind::Time(_)), Some(newest)) => newest.at,
                (Some(WindowKind::Time(_)), None) => 0,
                _ => self.now,
            };
        }
        self.config = config;
    }

    /// Continues from a snapshot that is `age` nanoseconds old.
    pub(super) fn restore(
        &mut self,
        snapshot: &BreakerSnapshot,
        age: u64,
        last_failure: Option<(u64, String)>,
    ) {
        self.counts.success += snapshot.counts.success;
        self.counts.failure += snapshot.counts.failure;
        if self.failures.is_empty() {
            self.failures.extend(last_failure);
        }
        let rest = snapshot
            .remaining
            .map_or(0, saturating_nanos)
            .saturating_sub(age);
        let (to, rest) = if snapshot.state == HalfOpen {
            (Open, 0)
        } else {
            (snapshot.state, rest)
        };
        if to != self.state || to == Open {
            self.change(self.now, to, TransitionReason::Restored);
        }
        if to == Open {
            self.until = self.now.saturating_add(rest);
            self.opened_by.clone_from(&snapshot.opened_by);
        }
        self.reopened = snapshot.failed_recoveries;
        self.consecutive = if to == Closed {
            snapshot.consecutive_failures
        } else {
            0
        };
    }
}

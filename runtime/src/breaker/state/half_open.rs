//! Probes of a half-open state, and the limit on their time.

use crate::time::Tick;
use std::time::Duration;

/// The probes of a half-open state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::breaker) struct HalfOpen {
    /// When the limit is over.
    until: Tick,
    /// The middle of the time up to the limit: a probe that began by then and runs at the limit
    /// hangs. One that began later may be the latest of many: under load one always runs.
    middle: Tick,
    in_flight: u32,
    /// Those in flight that run on the slot of an outer call.
    lent: u32,
    /// Those in flight that began by `middle`.
    early: u32,
    successes: u32,
    /// Whether a probe ended in a permanent error: the callee answered.
    answered: bool,
}

impl HalfOpen {
    pub(super) fn new(now: Tick, limit: Duration) -> Self {
        let mut new = Self::default();
        new.renew_at(now, limit);
        new
    }

    /// Returns when the limit is over.
    pub(super) fn until(&self) -> Tick {
        self.until
    }

    pub(in crate::breaker) fn are_running(&self) -> bool {
        self.in_flight > 0
    }

    /// Returns how many slots are taken: a probe on a lent slot takes none.
    pub(in crate::breaker) fn slots_in_use(&self) -> u32 {
        self.in_flight - self.lent
    }

    pub(super) fn admit_at(&mut self, now: Tick) {
        self.in_flight += 1;
        self.early += u32::from(now <= self.middle);
    }

    /// Admits a probe on the slot of an outer call.
    pub(super) fn lend_at(&mut self, now: Tick) {
        self.admit_at(now);
        self.lent += 1;
    }

    /// Counts a success; returns how many there were.
    pub(super) fn count_success(&mut self) -> u32 {
        self.successes = self.successes.saturating_add(1);
        self.successes
    }

    /// Notes that a probe ended in a permanent error: the callee answers.
    pub(super) fn note_answer(&mut self) {
        self.answered = true;
    }

    /// Takes back the slot of a probe that began at `started`.
    pub(super) fn end(&mut self, started: Tick, lent: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.lent = self.lent.saturating_sub(u32::from(lent));
        self.early = self.early.saturating_sub(u32::from(started <= self.middle));
    }

    /// Sets a new limit from a moment on; the probes in flight began before it.
    pub(super) fn renew_at(&mut self, at: Tick, limit: Duration) {
        (self.until, self.middle) = (at.after(limit), at.after(limit / 2));
        self.early = self.in_flight;
    }

    /// Returns `true` if the limit is further away than twice its length when it was set,
    /// independently of the present configuration.
    pub(super) fn is_ahead_of(&self, now: Tick) -> bool {
        let half = self.until.since(self.middle);
        self.until.since(now) > half.saturating_mul(4)
    }

    /// Returns when the limit ended the state and whether a probe hung, if it ended it.
    pub(super) fn ended_at(&self, now: Tick, limit: Duration) -> Option<(Tick, bool)> {
        if now < self.until {
            return None;
        }
        if self.early > 0 || self.answered {
            return Some((self.until, self.early > 0));
        }
        // Probes that began late have until the next limit.
        let next = self.until.after(limit);
        (self.in_flight > 0 && now >= next).then_some((next, true))
    }
}

//! What opens a closed circuit, and what surely does not.

use super::{Phase, StateMachine};
use crate::{breaker::window::Tally, event::TransitionReason, time::Tick};
use std::ops::Range;

impl StateMachine {
    /// Returns the stretch of time in which quick successes can neither change the state nor expire
    /// a bucket, however many there are; `None` where the next one may.
    pub(in crate::breaker) fn quiet_stretch(&self) -> Option<Range<Tick>> {
        let (tally, stretch) = self.window.present();
        // A success lowers each rate, but it may be the call that makes the rates known. A window
        // whose rate is at its limit already was reconfigured to that limit.
        let is_quiet = tally.failures == 0 && tally.slow == 0
            || tally.calls >= u64::from(self.config.min_calls) && self.trips_by(tally).is_none();
        (self.phase == Phase::Closed && is_quiet).then_some(stretch)
    }

    /// Returns `false` if one more quick failure surely leaves the circuit closed.
    pub(in crate::breaker) fn may_open_by_failure_at(&self, now: Tick) -> bool {
        let config = &self.config;
        let threshold = config.failure_threshold;
        if self.phase != Phase::Closed
            || config.slow_rate.is_some()
            || threshold.is_some_and(|threshold| self.consecutive().saturating_add(1) >= threshold)
        {
            return true;
        }
        let (Some(limit), Some(_)) = (config.failure_rate, config.window) else {
            return false;
        };
        let Tally {
            calls, failures, ..
        } = self.window.tally_at(now);
        // The failure may take the place of an older call, whose outcome is not looked up here.
        calls + 1 >= u64::from(config.min_calls)
            && (failures + 1) as f64 / calls.max(1) as f64 >= limit
    }

    /// Returns how many quick failures surely leave the circuit closed, where failures in a row alone
    /// open it.
    pub(in crate::breaker) fn missing(&self) -> Option<u64> {
        let threshold = self.config.failure_threshold?;
        let is_alone = self.phase == Phase::Closed
            && self.config.window.is_none()
            && self.config.slow_call.is_none();
        let last = threshold.saturating_sub(1);
        is_alone.then(|| last.saturating_sub(self.consecutive()).into())
    }

    pub(super) fn tripped_at(&self, now: Tick) -> Option<TransitionReason> {
        if self
            .config
            .failure_threshold
            .is_some_and(|threshold| self.consecutive() >= threshold)
        {
            return Some(TransitionReason::ConsecutiveFailures);
        }
        self.trips_by(self.window.tally_at(now))
    }

    /// Returns the rate by which a window's contents open the circuit.
    fn trips_by(&self, tally: Tally) -> Option<TransitionReason> {
        let rates = self.rates_of(tally);
        let reached = |rate: Option<f64>, limit: Option<f64>| matches!((rate, limit), (Some(r), Some(l)) if r >= l);
        if reached(rates.failure, self.config.failure_rate) {
            return Some(TransitionReason::FailureRate);
        }
        reached(rates.slow, self.config.slow_rate).then_some(TransitionReason::SlowRate)
    }

    /// Returns the rates of a window's contents: unknown below the minimum number of calls.
    pub(in crate::breaker) fn rates_of(&self, tally: Tally) -> Rates {
        if self.config.window.is_none() || tally.calls < u64::from(self.config.min_calls) {
            return Rates {
                failure: None,
                slow: None,
            };
        }
        let of_all = |part: u64| part as f64 / tally.calls as f64;
        Rates {
            failure: Some(of_all(tally.failures)),
            slow: self.config.slow_call.map(|_| of_all(tally.slow)),
        }
    }
}

/// The rates of a window; `None` means unknown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::breaker) struct Rates {
    pub(in crate::breaker) failure: Option<f64>,
    pub(in crate::breaker) slow: Option<f64>,
}

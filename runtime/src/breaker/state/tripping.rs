//! What opens a closed circuit, and what surely does not.

use super::{Phase, StateMachine};
use crate::{
    breaker::window::{Tally, Window},
    event::TransitionReason,
    time::Tick,
};

impl StateMachine {
    /// Returns `true` if a quick success can be recorded without knowing the time: it can neither
    /// change the state nor expire a bucket.
    pub(in crate::breaker) fn is_success_timeless(&self) -> bool {
        let Window::Count(_) = self.window else {
            return self.phase == Phase::Closed && matches!(self.window, Window::None);
        };
        // One more success lowers each rate, but it may be the call that makes the rates known. A
        // window whose rate is at its limit already was reconfigured to that limit.
        let tally = self.window.tally_at(Tick::ZERO);
        self.phase == Phase::Closed
            && (tally.calls + 1 < u64::from(self.config.min_calls)
                || tally.calls >= u64::from(self.config.min_calls)
                    && self.tripped_at(Tick::ZERO).is_none())
    }

    /// Returns `false` if one more quick failure surely leaves the circuit closed.
    pub(in crate::breaker) fn may_open_by_failure_at(&self, now: Tick) -> bool {
        let config = &self.config;
        let threshold = config.failure_threshold;
        if self.phase != Phase::Closed
            || config.slow_rate.is_some()
            || threshold.is_some_and(|threshold| self.consecutive.saturating_add(1) >= threshold)
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

    pub(super) fn tripped_at(&self, now: Tick) -> Option<TransitionReason> {
        if self
            .config
            .failure_threshold
            .is_some_and(|threshold| self.consecutive >= threshold)
        {
            return Some(TransitionReason::ConsecutiveFailures);
        }
        let rates = self.rates_of(self.window.tally_at(now));
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

//! A rule: which faults the calls of a guard get, as a pure function of the seed and the index of
//! the call, and the counts.

use super::{
    fault::{Fault, KINDS},
    snapshot::{InjectedCounts, RuleStatus},
};
use crate::{
    error::{Policy, Rejector},
    event::GuardName,
    rng::Rng,
};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The settings of a rule, checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RuleConfig {
    pub(super) name: GuardName<Box<str>>,
    pub(super) policy: Option<Policy>,
    pub(super) seed: u64,
    /// With the shares of calls, together at most 1.
    pub(super) faults: Vec<(Fault, f64)>,
}

impl RuleConfig {
    /// Returns the fault of the call with this index.
    pub(super) fn fault_at(&self, index: u64) -> Option<Fault> {
        let drawn = Rng::seeded_at(self.seed, index).next_fraction();
        let mut end = 0.0;
        self.faults.iter().find_map(|(fault, share)| {
            end += share;
            // Shares that are written as decimals may add up to a little less than 1.
            let end = if end > 1.0 - TOLERANCE { 1.0 } else { end };
            (drawn < end).then_some(*fault)
        })
    }
}

/// How much the sum of shares may differ from 1 by rounding.
pub(super) const TOLERANCE: f64 = 1e-9;

/// A rule that is on.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) config: RuleConfig,
    /// How many calls the rule was asked about. Relaxed: each addition takes one index, and nothing
    /// else is ordered by it.
    asked: AtomicU64,
    /// How many faults of each kind were injected. Relaxed: statistics.
    injected: [AtomicU64; KINDS],
    /// Whether it was logged that the error of a guard cannot carry an injected one. Relaxed: the
    /// exchange lets one thread through.
    warned: AtomicBool,
}

impl Rule {
    pub(super) fn new(config: RuleConfig) -> Self {
        Self {
            config,
            asked: AtomicU64::new(0),
            injected: Default::default(),
            warned: AtomicBool::new(false),
        }
    }

    /// Returns `true` if the rule is for this guard.
    pub(super) fn is_for(&self, policy: Option<Policy>, name: &str) -> bool {
        *self.config.name == *name && self.config.policy.is_none_or(|only| policy == Some(only))
    }

    /// Takes the index of one call, and returns it with the fault that the call gets.
    pub(super) fn draw(&self) -> Option<(u64, Fault)> {
        let index = self.asked.fetch_add(1, Ordering::Relaxed);
        Some((index, self.config.fault_at(index)?))
    }

    pub(super) fn count(&self, fault: Fault) {
        self.injected[fault.kind()].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns `true` for the first call that cannot get an error.
    pub(super) fn warns(&self) -> bool {
        !self.warned.swap(true, Ordering::Relaxed)
    }

    pub(super) fn status(&self) -> RuleStatus {
        let [errors, latencies, hangs, panics] = self
            .injected
            .each_ref()
            .map(|count| count.load(Ordering::Relaxed));
        RuleStatus {
            name: self.config.name.clone(),
            policy: self.config.policy,
            seed: self.config.seed,
            faults: self.config.faults.clone(),
            calls: self.asked.load(Ordering::Relaxed),
            injected: InjectedCounts {
                errors,
                latencies,
                hangs,
                panics,
            },
        }
    }
}

impl Rejector for Rule {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn cause(&self, generation: u64) -> Option<String> {
        Some(format!(
            "fault injected by chaos into call {generation} of the rule"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use std::time::Duration;

    fn config(seed: u64, shares: [f64; 3]) -> RuleConfig {
        let faults = [
            Fault::Error(ErrorCode::SYNC_ERROR),
            Fault::Latency(Duration::from_secs(1)),
            Fault::Hang,
        ];
        RuleConfig {
            name: GuardName("payments".into()),
            policy: None,
            seed,
            faults: faults.into_iter().zip(shares).collect(),
        }
    }

    #[test]
    fn equal_seeds_give_equal_faults_and_others_do_not() {
        let all = |seed| -> Vec<_> {
            let config = config(seed, [0.2, 0.1, 0.1]);
            (0..1000).map(|index| config.fault_at(index)).collect()
        };
        assert_eq!(all(7), all(7));
        assert_ne!(all(7), all(8));
    }

    #[test]
    fn shares_are_those_of_the_rule() {
        let config = config(7, [0.5, 0.1, 0.0]);
        let count = |kind: usize| {
            (0..100_000)
                .filter(|index| config.fault_at(*index).is_some_and(|it| it.kind() == kind))
                .count()
        };
        assert!(count(0).abs_diff(50_000) < 1000, "{}", count(0));
        assert!(count(1).abs_diff(10_000) < 1000, "{}", count(1));
        assert_eq!(count(2), 0);
    }

    #[test]
    fn shares_that_add_up_to_one_leave_no_call_without_a_fault() {
        let config = config(3, [0.7, 0.2, 0.1]);
        assert!((0..100_000).all(|index| config.fault_at(index).is_some()));
    }
}

//! Calls and failures of circuit breakers, for the ratios of rules.

use super::{
    evaluator::Breakers,
    rule::{Rule, Trigger},
};
use crate::{
    breaker::{CircuitBreaker, Identity, circuit_breakers},
    event::CircuitState,
};

/// The circuit breakers of the process, with a counter for each rule.
#[derive(Debug)]
pub(super) struct BreakerCalls(Vec<CallCounter>);

impl BreakerCalls {
    pub(super) fn begin(rules: &[Rule]) -> Self {
        Self(rules.iter().map(CallCounter::of_rule).collect())
    }

    /// Goes on with other rules; `kept` has for each of them which of the former ones it was.
    #[cfg(feature = "config")]
    pub(super) fn follow(&mut self, kept: &[Option<usize>], rules: &[Rule]) {
        let mut former = std::mem::take(&mut self.0);
        let counters = rules.iter().zip(kept).map(|(rule, at)| match *at {
            Some(at) => std::mem::take(&mut former[at]),
            None => CallCounter::of_rule(rule),
        });
        self.0 = counters.collect();
    }
}

impl Breakers for BreakerCalls {
    fn calls(&mut self, rule: usize, name: &str) -> (u64, u64) {
        self.0[rule].count(name)
    }

    fn state(&self, name: &str) -> Option<(CircuitState, bool)> {
        let breaker = circuit_breakers().get(name)?;
        Some((breaker.state(), breaker.ended_here().0 > 0))
    }
}

/// Calls and failures of the breakers of one name, since a rule has been watching it. They never
/// decrease, whether the breaker is made, removed, made again or restored meanwhile.
#[derive(Debug, Default)]
struct CallCounter {
    /// The latest breaker of the name, and what it had counted.
    latest: Option<(Identity, u64, u64)>,
    calls: u64,
    failed: u64,
}

impl CallCounter {
    fn of_rule(rule: &Rule) -> Self {
        match &rule.trigger {
            Trigger::Ratio { breaker, .. } => Self::begin(breaker),
            _ => Self::default(),
        }
    }

    /// Starts without what the breaker of this name has counted until now.
    fn begin(name: &str) -> Self {
        Self {
            latest: circuit_breakers().get(name).map(|breaker| read(&breaker)),
            ..Self::default()
        }
    }

    /// Returns calls and failures so far.
    fn count(&mut self, name: &str) -> (u64, u64) {
        if let Some(breaker) = circuit_breakers().get(name) {
            let (identity, calls, failed) = read(&breaker);
            // A breaker that was made meanwhile starts at zero.
            let (calls_before, failed_before) = match &self.latest {
                Some((latest, calls, failed)) if *latest == identity => (*calls, *failed),
                _ => (0, 0),
            };
            self.calls += calls.saturating_sub(calls_before);
            self.failed += failed.saturating_sub(failed_before);
            self.latest = Some((identity, calls, failed));
        }
        (self.calls, self.failed)
    }
}

fn read(breaker: &CircuitBreaker) -> (Identity, u64, u64) {
    let (succeeded, failed) = breaker.ended_here();
    (breaker.identity(), succeeded + failed, failed)
}

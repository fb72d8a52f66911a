//! CallCounter and failures of a breaker, as a ratio sees them.

use crate::breaker::{CircuitBreaker, Identity, circuit_breakers};

/// CallCounter and failures of the breakers of one name, since a rule has been watching it. They never
/// decrease, whether the breaker is made, removed, made again or restored meanwhile.
#[derive(Debug, Default)]
pub(super) struct CallCounter {
    /// The breaker that was seen last, and what it had counted.
    seen: Option<(Identity, u64, u64)>,
    calls: u64,
    failed: u64,
}

impl CallCounter {
    /// Leaves out what the breaker of this name has counted until now.
    pub(super) fn begin(name: &str) -> Self {
        Self {
            seen: circuit_breakers().get(name).map(|breaker| look(&breaker)),
            ..Self::default()
        }
    }

    /// Returns calls and failures so far.
    pub(super) fn count(&mut self, name: &str) -> (u64, u64) {
        if let Some(breaker) = circuit_breakers().get(name) {
            let (identity, calls, failed) = look(&breaker);
            // One that was made meanwhile begins at zero.
            let (calls_before, failed_before) = match &self.seen {
                Some((seen, calls, failed)) if *seen == identity => (*calls, *failed),
                _ => (0, 0),
            };
            self.calls += calls.saturating_sub(calls_before);
            self.failed += failed.saturating_sub(failed_before);
            self.seen = Some((identity, calls, failed));
        }
        (self.calls, self.failed)
    }
}

fn look(breaker: &CircuitBreaker) -> (Identity, u64, u64) {
    let (succeeded, failed) = breaker.ended_here();
    (breaker.identity(), succeeded + failed, failed)
}

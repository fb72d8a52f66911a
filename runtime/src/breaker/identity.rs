//! Which breaker it is, among those that had one name, and what it counted itself.

use super::{counters::Counted, handle::CircuitBreaker, shared::Shared};
use std::sync::Weak;

/// Tells one breaker from another one of its name; it keeps none alive.
#[derive(Clone, Debug)]
pub(crate) struct Identity(Weak<Shared>);

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

impl CircuitBreaker {
    /// Returns the breaker's identity.
    pub(crate) fn identity(&self) -> Identity {
        Identity(self.downgrade())
    }

    /// Returns how many calls succeeded and failed, without those of an earlier life that was
    /// restored.
    pub(crate) fn ended_here(&self) -> (u64, u64) {
        let shared = self.shared();
        let success = shared.counters.sum(Counted::Success);
        shared.read(|locked| {
            let (success_before, failure_before) =
                locked.rare.as_ref().map_or((0, 0), |rare| rare.restored);
            let success = locked.totals.success.saturating_add(success);
            (
                success.saturating_sub(success_before),
                locked.totals.failure.saturating_sub(failure_before),
            )
        })
    }
}

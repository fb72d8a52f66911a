//! A policy for the retry of tower, which has none of its own.

use gardefou_benches::breaker::Error;
use std::{
    future::{Ready, ready},
    sync::Arc,
};
use tower::retry::{
    Policy,
    budget::{Budget, TpsBudget},
};

/// Up to three retries without a delay, within a budget or without.
#[derive(Clone)]
pub struct Retries {
    left: u32,
    budget: Option<Arc<TpsBudget>>,
}

impl Retries {
    /// A bit in the requests of every attempt but the first.
    pub const AGAIN: u64 = 1 << 63;

    /// Returns a policy with this budget.
    pub fn new(budget: Option<TpsBudget>) -> Self {
        Self {
            left: 3,
            budget: budget.map(Arc::new),
        }
    }
}

impl<T> Policy<u64, T, Error> for Retries {
    type Future = Ready<()>;

    fn retry(&mut self, request: &mut u64, result: &mut Result<T, Error>) -> Option<Ready<()>> {
        let budget = self.budget.as_deref();
        if result.is_ok() {
            budget.inspect(|budget| budget.deposit());
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        *request |= Self::AGAIN;
        budget.is_none_or(TpsBudget::withdraw).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &u64) -> Option<u64> {
        Some(*request)
    }
}

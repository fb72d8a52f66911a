//! Inhibition: errors that an open circuit explains count for no rule.

use super::rule::Rule;
use crate::event::{BreakerEvent, BreakerEventKind, CircuitState, ErrorEvent};
use std::collections::HashMap;

/// The circuits that reject calls, and the operations behind them.
#[derive(Debug, Default)]
pub(super) struct Inhibition {
    /// The circuits that are not closed, with the number of calls that their past openings have
    /// rejected.
    open: HashMap<String, u64>,
    /// The breaker whose rejection each operation reported last.
    behind: HashMap<String, String>,
}

const MAX_OPERATIONS: usize = 1000;

/// Returns `true` if a circuit in this state rejects all calls or most of them.
pub(super) fn rejects(state: CircuitState) -> bool {
    matches!(
        state,
        CircuitState::Open | CircuitState::ForcedOpen | CircuitState::HalfOpen
    )
}

impl Inhibition {
    /// Records that an operation reported a rejection by this breaker.
    pub(super) fn add_operation(&mut self, operation: &str, breaker: &str) {
        if self.behind.len() < MAX_OPERATIONS || self.behind.contains_key(operation) {
            self.behind.insert(operation.to_owned(), breaker.to_owned());
        }
    }

    /// Returns `true` if the operation is behind a circuit that is not closed.
    pub(super) fn covers_operation(&self, operation: &str) -> bool {
        self.behind
            .get(operation)
            .is_some_and(|breaker| self.open.contains_key(breaker))
    }

    /// Returns `true` if the rule is not to count the error: it is a rejection, which its opening
    /// stands for, or a circuit that the rule names is not closed.
    pub(super) fn covers(&self, rule: &Rule, event: &ErrorEvent<'_>) -> bool {
        let mut names = rule.inhibited_by.iter();
        event.opening.is_some() || names.any(|breaker| self.open.contains_key(&**breaker))
    }

    /// Records a transition. Returns how many calls the circuit has rejected since it was closed.
    pub(super) fn on_breaker(&mut self, event: &BreakerEvent<'_>) -> u64 {
        let BreakerEventKind::Transition {
            from, to, rejected, ..
        } = event.kind
        else {
            return 0;
        };
        if event.shadow {
            return 0;
        }
        // In half-open the opening continues, and its number is given again when it ends.
        let ended = if rejects(from) && to != CircuitState::HalfOpen {
            rejected
        } else {
            0
        };
        if rejects(to) {
            let sum = self.open.entry(event.name.to_owned()).or_default();
            *sum += ended;
            *sum
        } else {
            self.open.remove(event.name).unwrap_or_default() + ended
        }
    }
}

//! The sequence of states of a circuit breaker.

use crate::terminal::count;
use gardefou::{
    breaker::CircuitState,
    event::{BreakerEvent, BreakerEventKind, Event, Subscription, subscribe},
    time::{Clock, SystemClock, Tick},
};
use std::sync::{Arc, Mutex, PoisonError};

/// Observes the breaker of one name until it is dropped.
#[derive(Debug)]
pub(crate) struct BreakerHistory {
    changes: Arc<Mutex<Changes>>,
    _subscription: Subscription,
}

#[derive(Debug, Default)]
struct Changes {
    states: Vec<(Tick, CircuitState)>,
    rejected: usize,
}

impl BreakerHistory {
    pub(crate) fn new(name: &'static str) -> Self {
        let changes = Arc::new(Mutex::new(Changes {
            states: vec![(SystemClock.now(), CircuitState::Closed)],
            rejected: 0,
        }));
        let observed = Arc::clone(&changes);
        let subscription = subscribe(move |event: &Event<'_>| {
            if let Event::Breaker(BreakerEvent { name: of, kind, .. }) = event
                && *of == name
            {
                let mut changes = observed.lock().unwrap_or_else(PoisonError::into_inner);
                match kind {
                    BreakerEventKind::Transition { to, .. } => {
                        changes.states.push((SystemClock.now(), *to));
                    }
                    BreakerEventKind::Rejected { .. } => changes.rejected += 1,
                    _ => {}
                }
            }
        });
        Self {
            changes,
            _subscription: subscription,
        }
    }

    /// Returns the states in their order, each with the seconds after which it was taken, and the
    /// rejected calls; of a long sequence the beginning and the end.
    pub(crate) fn line(&self) -> String {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        format!(
            "{}; {} rejected",
            shortened(&changes.states),
            count(changes.rejected, "call")
        )
    }
}

/// So many states are shown at each end.
const ENDS: usize = 4;

fn shortened(states: &[(Tick, CircuitState)]) -> String {
    let born = states.first().map_or(Tick::ZERO, |(at, _)| *at);
    let mut shown: Vec<String> = states
        .iter()
        .enumerate()
        .map(|(number, (at, state))| match number {
            0 => word(*state),
            _ => format!("{} ({:.1} s)", word(*state), at.since(born).as_secs_f64()),
        })
        .collect();
    if let Some(more) = shown
        .len()
        .checked_sub(2 * ENDS + 1)
        .filter(|more| *more > 0)
    {
        let left_out = format!("{} more", more + 1);
        shown.splice(ENDS..ENDS + more + 1, [left_out]);
    }
    shown.join(" → ")
}

/// The state in words.
fn word(state: CircuitState) -> String {
    state.name().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sequence_is_shortened_in_the_middle() {
        let state = |at: u64| {
            let state = if at.is_multiple_of(2) {
                CircuitState::Closed
            } else {
                CircuitState::HalfOpen
            };
            (Tick::ZERO.after(std::time::Duration::from_secs(at)), state)
        };
        let shown = |states: u64| shortened(&(0..states).map(state).collect::<Vec<_>>());
        assert_eq!(shown(2), "closed → half-open (1.0 s)");
        assert_eq!(shown(9).matches(" s)").count(), 8, "{}", shown(9));
        assert!(
            shown(100).contains("half-open (3.0 s) → 92 more → closed (96.0 s)"),
            "{}",
            shown(100)
        );
        assert!(shown(10).contains(" → 2 more → "), "{}", shown(10));
    }
}

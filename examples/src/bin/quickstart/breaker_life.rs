//! The life of a circuit breaker, written down as it happens.

use crate::terminal::count;
use gardefou::{
    breaker::CircuitState,
    event::{BreakerEvent, BreakerEventKind, Event, Subscription, subscribe},
    time::{Clock, SystemClock, Tick},
};
use std::sync::{Arc, Mutex, PoisonError};

/// Listens to the breaker of one name until it is dropped.
#[derive(Debug)]
pub(crate) struct BreakerLife {
    seen: Arc<Mutex<Seen>>,
    _subscription: Subscription,
}

#[derive(Debug, Default)]
struct Seen {
    states: Vec<(Tick, CircuitState)>,
    rejected: usize,
}

impl BreakerLife {
    pub(crate) fn of(name: &'static str) -> Self {
        let seen = Arc::new(Mutex::new(Seen { states: vec![(SystemClock.now(), CircuitState::Closed)], rejected: 0 }));
        let notes = Arc::clone(&seen);
        let subscription = subscribe(move |event: &Event<'_>| {
            if let Event::Breaker(BreakerEvent { name: of, kind, .. }) = event
                && *of == name
            {
                let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
                match kind {
                    BreakerEventKind::Transition { to, .. } => notes.states.push((SystemClock.now(), *to)),
                    BreakerEventKind::Rejected { .. } => notes.rejected += 1,
                    _ => {}
                }
            }
        });
        Self { seen, _subscription: subscription }
    }

    /// Returns the states in their order, each with the seconds after which it was taken, and the rejected calls.
    pub(crate) fn line(&self) -> String {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let born = seen.states.first().map_or(Tick::ZERO, |(at, _)| *at);
        let states = seen.states.iter().enumerate().map(|(count, (at, state))| match count {
            0 => state.to_string(),
            _ => format!("{state} ({:.1} s)", at.since(born).as_secs_f64()),
        });
        format!("{}; {} rejected", states.collect::<Vec<_>>().join(" → "), count(seen.rejected, "call"))
    }
}

//! Openings of circuits, whose records are written again with the number of calls that they
//! rejected.

use crate::{
    error::ErrorId,
    event::{BreakerEvent, BreakerEventKind, CircuitState, Record},
    sync::Mutex,
};
use std::{collections::HashMap, sync::Arc};

/// The records of the openings that are not over.
#[derive(Debug, Default)]
pub(super) struct Openings(Mutex<HashMap<ErrorId, Arc<Record>>>);

/// How many openings are kept; for further ones the journal has no number of rejected calls.
const MAX_OPENINGS: usize = 1024;

impl Openings {
    /// Takes a change of state, and its record; returns the records to be written, in order.
    pub(super) fn take(&self, event: &BreakerEvent<'_>, record: Arc<Record>) -> Vec<Arc<Record>> {
        let BreakerEventKind::Transition {
            from,
            to,
            previous,
            rejected,
            ..
        } = event.kind
        else {
            return vec![record];
        };
        let opens = matches!(to, CircuitState::Open | CircuitState::ForcedOpen);
        let mut all = self.0.lock();
        let mut records = Vec::new();
        let was_open = matches!(
            from,
            CircuitState::Open | CircuitState::HalfOpen | CircuitState::ForcedOpen
        );
        if was_open && let Some(id) = if opens { previous } else { event.id } {
            // A half-open circuit may reject again.
            let goes_on = to == CircuitState::HalfOpen;
            let opening = if goes_on {
                all.get(&id).cloned()
            } else {
                all.remove(&id)
            };
            records.extend(
                opening
                    .filter(|_| rejected > 0)
                    .map(|opening| with_rejected(&opening, rejected)),
            );
        }
        if opens
            && let Some(id) = event.id
            && all.len() < MAX_OPENINGS
        {
            all.insert(id, Arc::clone(&record));
        }
        records.push(record);
        records
    }
}

fn with_rejected(opening: &Record, rejected: u64) -> Arc<Record> {
    let mut record = opening.clone();
    record
        .details
        .insert("rejected".to_owned(), rejected.into());
    Arc::new(record)
}

//! Changes of states from before the dashboard was made: those that breakers and checks keep.

use crate::history::{Change, Subject, shown};
use gardefou::{
    breaker::{BreakerSnapshot, CircuitState, circuit_breakers},
    health::{Status, health},
};

/// Returns the changes that are known, oldest first.
pub(crate) fn changes() -> Vec<Change> {
    let breakers = circuit_breakers();
    let snapshots = breakers.snapshots();
    let mut changes: Vec<Change> = snapshots.iter().flat_map(of_breaker).collect();
    let health = health();
    for name in health.names() {
        let known = health.status_changes(&name).unwrap_or_default();
        changes.extend(known.iter().map(|change| Change {
            number: 0,
            of: Subject::Check,
            at: change.at.as_unix_millis(),
            given_name: name.clone(),
            name: shown(&name),
            from: change.from.map(Status::name),
            to: change.to.name(),
            reason: None,
            cause: None,
        }));
    }
    // Stable: of one guard they stay in their order.
    changes.sort_by_key(|change| change.at);
    changes
}

fn of_breaker(snapshot: &BreakerSnapshot) -> Vec<Change> {
    let Some(breaker) = circuit_breakers().get(&snapshot.name) else {
        return Vec::new();
    };
    let known = breaker.state_changes();
    let mut changes: Vec<Change> = known
        .iter()
        .map(|change| Change {
            number: 0,
            of: Subject::Breaker,
            at: change.at.as_unix_millis(),
            given_name: snapshot.name.clone(),
            name: shown(&snapshot.name),
            from: Some(change.from.name()),
            to: change.to.name(),
            reason: Some(change.reason.name()),
            cause: None,
        })
        .collect();
    // What opened the circuit is known while it is not closed.
    let opened = (changes.iter_mut().rev()).find(|change| change.to == CircuitState::Open.name());
    if let (Some(opened), Some(cause)) = (opened, &snapshot.opened_by) {
        opened.cause = Some(shown(cause));
    }
    changes
}

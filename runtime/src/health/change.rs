//! Log lines and events that follow from a result of a check.

use super::{
    history::{History, LastResult, StatusChange, Thresholds},
    registered::RegisteredCheck,
    status::{Criticality, Status},
};
use crate::{
    error::redact,
    event::{self, Event, HealthEvent, RecordSlot, Severity, names},
    panics,
};
use std::time::Duration;

/// What is to be published after a result.
pub(crate) struct Consequences {
    change: Option<Change>,
    slow: Option<Slow>,
}

/// A change of a check's status, with the output of the check.
struct Change {
    status: StatusChange,
    output: Option<String>,
}

/// A check that needs half of its limit or more, for the first time in a row: it is about to fail
/// by timeout.
struct Slow {
    duration: Duration,
    limit: Duration,
}

impl Consequences {
    /// Adds a result to a history and returns what follows from it.
    pub(crate) fn of_result(
        history: &mut History,
        new: LastResult,
        thresholds: Thresholds,
        limit: Duration,
        keep: usize,
    ) -> Self {
        // A run beyond the limit is a failure, and logged as one.
        let is_slow = |took: Duration| took >= limit / 2 && took < limit;
        let was_slow = history
            .last
            .as_ref()
            .is_some_and(|last| is_slow(last.duration));
        let duration = new.duration;
        let slow = (is_slow(duration) && !was_slow).then_some(Slow { duration, limit });
        let change = history.observe(new, thresholds, keep).map(|status| Change {
            status,
            output: history
                .last
                .as_ref()
                .and_then(|last| last.result.output())
                .map(str::to_owned),
        });
        Self { change, slow }
    }
}

/// Logs and publishes what follows from a result, with no lock held.
pub(crate) fn publish(check: &RegisteredCheck, Consequences { change, slow }: Consequences) {
    if check.is_removed() {
        return;
    }
    // A log subscriber that panics must not keep the run from being settled.
    let _ = panics::catch(|| {
        if let Some(Slow { duration, limit }) = slow {
            tracing::warn!(
                target: names::TARGET_HEALTH, check = &*redact::name(check.name()), duration = duration.as_secs_f64(),
                limit = limit.as_secs_f64(), "health check is slow"
            );
        }
        let Some(Change { status, output }) = change else {
            return;
        };
        let event = HealthEvent {
            check: check.name(),
            from: status.from.map(Status::name),
            to: status.to.name(),
            criticality: check.spec.criticality.name(),
            level: severity(check.spec.criticality, status.to),
            output: output.as_deref(),
            record: RecordSlot::default(),
        };
        event::log_health(&event);
        event::emit(|| Event::Health(event));
    });
}

fn severity(criticality: Criticality, to: Status) -> Severity {
    match criticality.weigh(to) {
        Status::Pass => Severity::Info,
        Status::Warn => Severity::Warning,
        Status::Fail => Severity::Critical,
    }
}

//! Events of health checks, and their log lines.

use super::{
    log_level::at_level, names, record::cell::RecordSlot, severity::Severity,
    shown::debug_with_names,
};
use crate::error::redact;

/// A health check whose status changed.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct HealthEvent<'a> {
    /// The check's name.
    pub check: &'a str,
    /// The status before: `pass`, `warn` or `fail`; `None` for the first result.
    pub from: Option<&'static str>,
    /// The status after.
    pub to: &'static str,
    /// How much the check matters: `critical`, `important` or `informational`.
    pub criticality: &'static str,
    /// How urgent the change is: critical where the program is not ready any more, info for a
    /// recovery.
    pub level: Severity,
    /// The output of the check, redacted.
    pub output: Option<&'a str>,
    /// Where observers find the event's record.
    pub(crate) record: RecordSlot<'a>,
}

debug_with_names!(HealthEvent { check; from, to, criticality, level, output });

/// Logs a change of status, at the level of its severity.
pub(crate) fn log_health(event: &HealthEvent<'_>) {
    macro_rules! log {
        ($level:ident) => {
            tracing::event!(
                target: names::TARGET_HEALTH,
                tracing::Level::$level,
                check = &*redact::name(event.check),
                status.from = event.from,
                status.to = event.to,
                criticality = event.criticality,
                output = event.output,
                "health check changed its status"
            )
        };
    }
    at_level!(event.level.tracing_level(), log);
}

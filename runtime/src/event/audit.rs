//! Events of sensitive operations, and their log lines.

use super::{
    log_level::at_level, names, record::cell::RecordSlot, severity::Severity,
    shown::debug_with_names,
};
use crate::{
    error::{ErrorCode, redact},
    named::named,
};
use std::time::Duration;

/// The outcome of a sensitive operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuditOutcome {
    /// It begins.
    Started,
    /// It returned `Ok`.
    Succeeded,
    /// It returned an error.
    Failed,
    /// It panicked.
    Panicked,
    /// Its future was dropped before it completed.
    Cancelled,
}

named! {
    /// Returns the outcome's name, for example `succeeded`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(gardefou::event::AuditOutcome::Cancelled.name(), "cancelled");
    /// ```
    AuditOutcome {
        Started = "started",
        Succeeded = "succeeded",
        Failed = "failed",
        Panicked = "panicked",
        Cancelled = "cancelled",
    }
}

/// The beginning or the end of a function under `#[log_sensitive_operations]`; its texts are fit
/// for a log.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct AuditEvent<'a> {
    /// The operation's name in the attribute.
    pub operation: &'a str,
    /// The module that the function stands in.
    pub component: &'a str,
    /// The file that it stands in.
    pub file: &'static str,
    /// The line that it stands on.
    pub line: u32,
    /// The user; `unknown` where the attribute names none. At most 256 bytes, on one line, without
    /// secrets.
    pub user: &'a str,
    /// The outcome.
    pub outcome: AuditOutcome,
    /// How urgent the outcome is, by the level that the attribute has for it.
    pub level: Severity,
    /// How long it ran; absent at the start.
    pub elapsed: Option<Duration>,
    /// The code of the error that it returned; `UNKNOWN_ERROR` where the error has none.
    pub code: Option<ErrorCode>,
    /// The message of that error: bounded, on one line, without secrets.
    pub message: Option<&'a str>,
    /// Where observers find the event's record.
    pub(crate) record: RecordSlot<'a>,
}

debug_with_names!(AuditEvent { operation, component; file, line, user, outcome, level, elapsed, code, message });

/// Logs and emits that a configuration changed something, or could not.
#[cfg(feature = "config")]
pub(crate) fn audit_configuration(operation: &str, outcome: Result<(), &str>) {
    let (outcome, level, message) = match outcome {
        Ok(()) => (AuditOutcome::Succeeded, Severity::Info, None),
        Err(message) => (AuditOutcome::Failed, Severity::Error, Some(message)),
    };
    let event = AuditEvent {
        operation,
        component: "gardefou::config",
        file: file!(),
        line: line!(),
        user: "configuration",
        outcome,
        level,
        elapsed: None,
        code: message.map(|_| ErrorCode::CONFIG_ERROR),
        message,
        record: RecordSlot::default(),
    };
    let level = match level {
        Severity::Error => tracing::Level::ERROR,
        _ => tracing::Level::INFO,
    };
    log_audit(&event, level);
    super::bus::emit(|| super::kinds::Event::Audit(event));
}

/// Logs one event.
pub(crate) fn log_audit(event: &AuditEvent<'_>, level: tracing::Level) {
    macro_rules! at {
        ($level:ident) => {
            tracing::event!(
                target: names::TARGET_AUDIT,
                tracing::Level::$level,
                user = event.user,
                outcome = event.outcome.name(),
                duration = event.elapsed.as_ref().map(Duration::as_secs_f64),
                error.code = event.code.map(ErrorCode::number),
                error.code_name = event.code.map(ErrorCode::name),
                error.text = event.message,
                severity = event.level.name(),
                operation = &*redact::name(event.operation),
                component = event.component,
                file = event.file,
                line = event.line,
                "`{}` {}",
                event.operation,
                event.outcome,
            )
        };
    }
    at_level!(level, at);
}

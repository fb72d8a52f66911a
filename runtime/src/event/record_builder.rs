//! Building records from events.

use super::{
    audit::AuditEvent,
    breaker::{BreakerEvent, BreakerEventKind, CircuitState},
    error::ErrorEvent,
    health::HealthEvent,
    kinds::Event,
    notification::{NotificationEvent, NotificationOutcome},
    record::{
        Record, RecordKind, RecordState,
        cell::Stamp,
        context::fit_context,
        text::{MAX_NAME, MAX_SOURCE, MAX_SOURCES, chain_of, clean_name, details_of, type_of},
    },
    request::Request,
    retry::{RetryEvent, RetryEventKind, StopReason},
    severity::Severity,
    text::{MAX_MESSAGE, for_sink},
    transaction::{TransactionEvent, TransactionOutcome},
};
use crate::{
    error::{CHAOS_DETAIL, ErrorCode, ErrorId, ErrorRef, View, details, redact},
    panics::PLACE_DETAIL,
};
use serde_json::{Map, Value};
use std::time::Duration;

/// Builds the record of an event; `None` for events that only matter while they happen.
pub(super) fn record_of(event: &Event<'_>, stamp: Stamp) -> Option<Record> {
    match event {
        Event::Error(error) | Event::Provisional(error) => Some(of_error(error, stamp)),
        Event::Retry(retry) => Some(of_retry(retry, stamp)),
        Event::Health(health) => Some(of_health(health, stamp)),
        Event::Transaction(transaction) => Some(of_transaction(transaction, stamp)),
        Event::Breaker(breaker) => of_breaker(breaker, stamp),
        Event::Audit(audit) => Some(of_audit(audit, stamp)),
        Event::Notification(notification) => Some(of_notification(notification, stamp)),
    }
}

/// Takes the changes of a hook: what identifies the event stays, and texts are redacted and bounded
/// again.
pub(super) fn after_hook(record: Record, event: &Event<'_>, stamp: Stamp) -> Record {
    let (id, kind, state) = match event {
        Event::Error(error) | Event::Provisional(error) => {
            (error.id, RecordKind::Error, error.state)
        }
        _ => (record.id, record.kind, record.state),
    };
    // Room for the mark of what was cut before: it is not cut again.
    let again = |text: &String, max: usize| for_sink(text, max + 64);
    Record {
        id,
        kind,
        state,
        timestamp: stamp.timestamp,
        error_code: clean_name(&record.error_code),
        error_type: clean_name(&record.error_type),
        message: again(&record.message, MAX_MESSAGE),
        chain: record
            .chain
            .iter()
            .take(MAX_SOURCES)
            .map(|text| again(text, MAX_SOURCE))
            .collect(),
        details: details_of(&record.details),
        operation: clean_name(&record.operation),
        component: clean_name(&record.component),
        location: record.location.as_deref().map(clean_name),
        context: record
            .context
            .map(|context| Box::new(fit_context(*context))),
        ..record
    }
}

impl Stamp {
    /// Makes a record with nothing but what all records have.
    fn record(
        self,
        kind: RecordKind,
        level: Severity,
        operation: String,
        component: &str,
    ) -> Record {
        Record {
            kind,
            id: ErrorId::new(),
            timestamp: self.timestamp,
            level,
            code: 0,
            error_code: String::new(),
            error_type: String::new(),
            message: String::new(),
            chain: Vec::new(),
            details: Map::new(),
            operation,
            component: clean_name(component),
            location: None,
            elapsed: None,
            fingerprint: self.fingerprint,
            context: None,
            origin: None,
            state: RecordState::Error,
            attempt: None,
        }
    }
}

fn of_error(event: &ErrorEvent<'_>, stamp: Stamp) -> Record {
    if let Some(record) = event.settled {
        return Record {
            state: event.state,
            ..record.clone()
        };
    }
    let operation = clean_name(event.operation);
    Record {
        id: event.id,
        code: event.code.number(),
        error_code: clean_name(event.code.name()),
        error_type: type_of(&event.error).into_owned(),
        message: for_sink(&event.error, MAX_MESSAGE),
        chain: chain_of(&event.error),
        details: with_request(with_chaos(
            event.error,
            match event.error {
                ErrorRef::App(app) => details_of(app.details()),
                // What was captured of the arguments; an `AppError` has it among its details.
                _ => event.captured.map(details_of).unwrap_or_default(),
            },
        )),
        location: place_of_panic(event).or_else(|| event.location.map(ToString::to_string)),
        elapsed: event.elapsed,
        state: event.state,
        attempt: event.attempt,
        ..stamp.record(RecordKind::Error, event.level, operation, event.component)
    }
}

/// Marks an error that chaos injected.
fn with_chaos(error: ErrorRef<'_>, mut details: Map<String, Value>) -> Map<String, Value> {
    if cfg!(feature = "chaos") && View::from_ref(error).known().injected {
        details.insert(CHAOS_DETAIL.to_owned(), true.into());
    }
    details
}

/// Adds the details of the request in which an error is reported; those of the error itself count
/// more.
fn with_request(mut details: Map<String, Value>) -> Map<String, Value> {
    if let Some(request) = Request::current() {
        for (key, value) in details_of(request.details()) {
            details.entry(key).or_insert(value);
        }
    }
    details
}

/// Returns the place of a panic, which is where its error was made; the location of the error
/// itself is the guard that caught it.
fn place_of_panic(event: &ErrorEvent<'_>) -> Option<String> {
    let ErrorRef::App(app) = event.error else {
        return None;
    };
    let place = app
        .details()
        .get(PLACE_DETAIL)
        .filter(|_| event.code == ErrorCode::PANIC_ERROR)?;
    place.as_str().map(clean_name)
}

fn of_health(event: &HealthEvent<'_>, stamp: Stamp) -> Record {
    let check = clean_name(event.check);
    let output = event
        .output
        .map(|output| format!(": {output}"))
        .unwrap_or_default();
    let from = event.from.unwrap_or("unknown");
    let message = format!(
        "health check `{check}` went from {from} to {}{output}",
        event.to
    );
    Record {
        message: for_sink(&message, MAX_MESSAGE),
        details: details::object(&mut [
            ("from", Some(from.into())),
            ("to", Some(event.to.into())),
            ("criticality", Some(event.criticality.into())),
        ]),
        ..stamp.record(RecordKind::Health, event.level, check, "gardefou::health")
    }
}

fn of_audit(event: &AuditEvent<'_>, stamp: Stamp) -> Record {
    let operation = clean_name(event.operation);
    let reason = event
        .message
        .map(|message| format!(": {message}"))
        .unwrap_or_default();
    Record {
        code: event.code.map_or(0, ErrorCode::number),
        error_code: event
            .code
            .map(|code| clean_name(code.name()))
            .unwrap_or_default(),
        message: format!("`{operation}` {}{reason}", event.outcome),
        details: details::object(&mut [
            ("user", Some(event.user.into())),
            ("outcome", Some(event.outcome.name().into())),
        ]),
        location: Some(format!("{}:{}", event.file, event.line)),
        elapsed: event.elapsed,
        ..stamp.record(RecordKind::Audit, event.level, operation, event.component)
    }
}

fn of_notification(event: &NotificationEvent<'_>, stamp: Stamp) -> Record {
    let (channel, title) = (
        clean_name(event.channel),
        for_sink(&event.title, MAX_SOURCE),
    );
    let level = match event.outcome {
        NotificationOutcome::Delivered => event.level,
        // It did not reach its recipients.
        NotificationOutcome::Kept | NotificationOutcome::Lost => Severity::Error.max(event.level),
    };
    Record {
        id: event.id,
        message: format!(
            "notification `{title}` on channel `{channel}`: {}",
            event.outcome
        ),
        details: details::object(&mut [
            ("channel", Some(channel.into())),
            ("kind", Some(event.kind.into())),
            ("rule", Some(clean_name(event.rule).into())),
            ("outcome", Some(event.outcome.name().into())),
            ("error", event.error.map(|id| id.to_string().into())),
            (
                "suppressed",
                (event.suppressed > 0).then(|| event.suppressed.into()),
            ),
        ]),
        ..stamp.record(
            RecordKind::Notification,
            level,
            "alert".to_owned(),
            "gardefou::alerts",
        )
    }
}

fn of_breaker(event: &BreakerEvent<'_>, stamp: Stamp) -> Option<Record> {
    let name = for_sink(&redact::name(event.name), MAX_NAME);
    let shadow = event.shadow.then_some(Value::Bool(true));
    let generation = Some(event.generation.into());
    match event.kind {
        BreakerEventKind::Transition {
            from,
            to,
            reason,
            consecutive_failures,
            lasts,
            cause,
            ..
        } => {
            let opened = matches!(to, CircuitState::Open | CircuitState::ForcedOpen);
            let level = if opened {
                Severity::Warning
            } else {
                Severity::Info
            };
            let because = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            let message =
                format!("circuit breaker `{name}` went from {from} to {to} ({reason}){because}");
            // Rejections carry the id of their opening; every other change has an id of its own.
            let id = event.id.filter(|_| opened).unwrap_or_default();
            Some(Record {
                id,
                message: for_sink(&message, MAX_MESSAGE),
                details: details::object(&mut [
                    ("from", Some(from.name().into())),
                    ("to", Some(to.name().into())),
                    ("reason", Some(reason.name().into())),
                    ("consecutive_failures", Some(consecutive_failures.into())),
                    ("generation", generation),
                    ("lasts", lasts.map(seconds)),
                    (
                        "cause",
                        cause.map(|cause| for_sink(&cause, MAX_SOURCE).into()),
                    ),
                    (
                        "opening",
                        event.id.filter(|_| !opened).map(|id| id.to_string().into()),
                    ),
                    ("shadow", shadow),
                ]),
                ..stamp.record(RecordKind::Transition, level, name, BREAKER)
            })
        }
        BreakerEventKind::Rejected { retry_after, .. } => Some(Record {
            message: format!("circuit breaker `{name}` rejected a call"),
            details: details::object(&mut [
                ("generation", generation),
                ("retry_after", retry_after.map(seconds)),
                ("shadow", shadow),
            ]),
            ..stamp.record(RecordKind::Rejection, Severity::Info, name, BREAKER)
        }),
        _ => None,
    }
}

fn of_transaction(event: &TransactionEvent<'_>, stamp: Stamp) -> Record {
    let operation = clean_name(event.operation);
    let (outcome, failed) = (event.outcome, event.failed_compensations);
    let level = match outcome {
        TransactionOutcome::Committed => Severity::Info,
        // The work of the transaction is neither done nor undone.
        _ if failed > 0 => Severity::Critical,
        TransactionOutcome::RolledBack => Severity::Warning,
        TransactionOutcome::Cancelled => Severity::Info,
    };
    let ended = match outcome {
        TransactionOutcome::Committed => "committed",
        TransactionOutcome::RolledBack => "rolled back",
        TransactionOutcome::Cancelled => "cancelled and rolled back",
    };
    let failures = match failed {
        0 => String::new(),
        1 => "; 1 compensation failed".to_owned(),
        more => format!("; {more} compensations failed"),
    };
    let is_undone = outcome != TransactionOutcome::Committed;
    Record {
        message: format!("transaction `{operation}` {ended}{failures}"),
        details: details::object(&mut [
            ("outcome", Some(outcome.name().into())),
            (
                "compensations",
                is_undone.then(|| event.compensations.into()),
            ),
            ("failed_compensations", is_undone.then(|| failed.into())),
        ]),
        elapsed: event.elapsed,
        ..stamp.record(RecordKind::Transaction, level, operation, event.component)
    }
}

fn of_retry(event: &RetryEvent<'_>, stamp: Stamp) -> Record {
    let name = for_sink(&redact::name(event.name), MAX_NAME);
    let (attempts, max_attempts) = (event.attempts, event.max_attempts);
    let (level, message, delay, reason, error) = match &event.kind {
        RetryEventKind::Scheduled { delay, error, .. } => {
            let message = format!("attempt {attempts}/{max_attempts} of `{name}` failed");
            (Severity::Warning, message, Some(*delay), None, Some(error))
        }
        RetryEventKind::Succeeded => {
            let message = format!("`{name}` succeeded at attempt {attempts}/{max_attempts}");
            (Severity::Info, message, None, None, None)
        }
        RetryEventKind::GaveUp { reason, error, .. } => {
            let level = match reason {
                StopReason::Exhausted | StopReason::Deadline => Severity::Error,
                StopReason::Budget | StopReason::RetryAfter => Severity::Warning,
                _ => Severity::Info,
            };
            let message =
                format!("`{name}` is not tried again after {attempts} attempts ({reason})");
            (level, message, None, Some(*reason), Some(error))
        }
    };
    Record {
        error_type: error
            .map(|error| type_of(error).into_owned())
            .unwrap_or_default(),
        message: match error {
            Some(error) => for_sink(&format_args!("{message}: {error}"), MAX_MESSAGE),
            None => message,
        },
        chain: error.map(chain_of).unwrap_or_default(),
        details: details::object(&mut [
            ("delay", delay.map(seconds)),
            ("reason", reason.map(|reason| reason.name().into())),
        ]),
        elapsed: Some(event.elapsed),
        attempt: Some((attempts, max_attempts)),
        ..stamp.record(RecordKind::Retry, level, name, "gardefou::retry")
    }
}

const BREAKER: &str = "gardefou::breaker";

fn seconds(duration: Duration) -> Value {
    duration.as_secs_f64().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::AppError, event::record::Fingerprint, time::Timestamp};
    use std::num::ParseIntError;

    fn record(error: ErrorRef<'_>, app: &AppError) -> Record {
        let mut event = ErrorEvent::from_app_error(app, Severity::Error, "op", "app");
        event.error = error;
        of_error(
            &event,
            Stamp {
                timestamp: Timestamp::from_unix_millis(0),
                fingerprint: Fingerprint::OTHER,
            },
        )
    }

    fn number_error() -> ParseIntError {
        "x".parse::<u8>().unwrap_err()
    }

    #[test]
    fn details_of_any_size_and_depth_are_bounded() {
        let mut deep = Value::Null;
        for _ in 0..500 {
            deep = Value::Array(vec![deep]);
        }
        let err = AppError::new(ErrorCode::CONFIG_ERROR, "m".repeat(10_000_000))
            .with_detail("a", vec![7; 100_000])
            .with_detail("b", "é".repeat(5_000_000))
            .with_detail("k".repeat(100_000), deep);
        let record = record(ErrorRef::App(&err), &err);
        let json = serde_json::to_string(&record).unwrap();
        assert!(json.len() < 64 * 1024, "{}", json.len());
        assert!(record.message.ends_with("(cut)"));
    }

    #[test]
    fn records_have_the_type_and_chain_of_errors() {
        let source = number_error();
        let err = AppError::from(number_error()).or_code(ErrorCode::CONFIG_ERROR);
        assert_eq!(
            record(ErrorRef::Std(&source), &err).error_type,
            "ParseIntError"
        );
        assert_eq!(record(ErrorRef::Debug(&"text"), &err).error_type, "Error");
        let converted = record(ErrorRef::App(&err), &err);
        assert_eq!(
            (converted.error_type.as_str(), converted.chain.len()),
            ("AppError", 0)
        );
        let wrapped = err.wrap(ErrorCode::INITIALIZATION_ERROR, "no port");
        assert_eq!(
            record(ErrorRef::App(&wrapped), &wrapped).chain,
            [number_error().to_string()]
        );
    }
}

//! One error as it is kept and shown: owned, bounded, and without secrets.

use super::{ErrorContext, Fingerprint};
use crate::{
    ErrorCode,
    error::{ErrorId, distinct_texts, redact},
    event::{AlertLevel, AuditEvent, ErrorEvent, ErrorRef, HealthEvent, text},
    time::Timestamp,
};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use std::{borrow::Cow, time::Duration};

/// One error as it is kept and shown: owned, bounded, and without secrets.
///
/// It serialises as a map with the names of the fields; what is absent or empty is left out, and `elapsed` is in
/// seconds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ErrorRecord {
    /// What it is a record of.
    pub kind: RecordKind,
    /// The identity that log line, journal row, alert and answer share.
    pub id: ErrorId,
    /// When it was recorded.
    pub timestamp: Timestamp,
    /// How urgent it is.
    pub level: AlertLevel,
    /// The number of its code.
    pub code: u32,
    /// The name of its code.
    pub error_code: String,
    /// The name of its type, as far as that is known: `AppError`, or what the debug form of a foreign error begins with.
    pub error_type: String,
    /// Its message, of at most 4 KiB.
    pub message: String,
    /// The texts of its sources, outermost first; at most 16, of at most 1 KiB each.
    pub chain: Vec<String>,
    /// Its details, of about 16 KiB at most; not kept in memory but in journals and alerts.
    pub details: Map<String, Value>,
    /// The function or boundary that reported it.
    pub operation: String,
    /// The module that the operation stands in.
    pub component: String,
    /// Where it was made, as `src/db.rs:12:5`, where that is known.
    pub location: Option<String>,
    /// How long the operation ran, where that was measured.
    pub elapsed: Option<Duration>,
    /// The group that it belongs to.
    pub fingerprint: Fingerprint,
    /// In which span it was reported, where there was one.
    pub context: Option<Box<ErrorContext>>,
}

/// What a record is a record of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// An error.
    #[default]
    Error,
    /// A notice that could not be delivered; its details hold it.
    Undelivered,
    /// An undelivered notice that needs no more tries: it arrived later, or was refused for good. Its identity is that of
    /// the undelivered one.
    Settled,
    /// A health check changed its status; its details say from what to what.
    Health,
    /// A sensitive operation began or ended; its details say which user, and what the outcome is.
    Audit,
}

impl RecordKind {
    /// Returns the kind's name, as `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Undelivered => "undelivered",
            Self::Settled => "settled",
            Self::Health => "health",
            Self::Audit => "audit",
        }
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        let all = [Self::Error, Self::Undelivered, Self::Settled, Self::Health, Self::Audit];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// How many bytes of a name reach a sink.
pub(crate) const MAX_NAME: usize = 256;
const MAX_SOURCE: usize = 1024;
const MAX_SOURCES: usize = 16;
const MAX_DETAILS: usize = 16 * 1024;
const MAX_DEPTH: usize = 16;

impl ErrorRecord {
    /// Takes all that a sink may have of an error.
    pub(crate) fn of_event(event: &ErrorEvent<'_>, timestamp: Timestamp, fingerprint: Fingerprint) -> Self {
        Self {
            kind: RecordKind::Error,
            id: event.id,
            timestamp,
            level: event.level,
            code: event.code.number(),
            error_code: text::for_sink(&event.code.name(), MAX_NAME),
            error_type: type_of(&event.error).into_owned(),
            message: text::for_sink(&event.error, text::MAX_MESSAGE),
            chain: chain_of(&event.error),
            details: match event.error {
                ErrorRef::App(app) => details_of(app.details()),
                // What was kept of the arguments; an error of ours has it among its details.
                _ => event.captured.map(details_of).unwrap_or_default(),
            },
            operation: text::for_sink(&event.operation, MAX_NAME),
            component: text::for_sink(&event.component, MAX_NAME),
            location: event.location.map(ToString::to_string),
            elapsed: event.elapsed,
            fingerprint,
            context: None,
        }
    }

    /// Takes all that a sink may have of a health check's change of status.
    pub(crate) fn of_health(event: &HealthEvent<'_>, timestamp: Timestamp) -> Self {
        let check = text::for_sink(&event.check, MAX_NAME);
        let output = event.output.map(|output| format!(": {output}")).unwrap_or_default();
        let from = event.from.unwrap_or("unknown");
        let message = format!("health check `{check}` went from {from} to {}{output}", event.to);
        let details = [("from", from), ("to", event.to), ("criticality", event.criticality)];
        Self {
            kind: RecordKind::Health,
            id: ErrorId::new(),
            timestamp,
            level: event.level,
            code: 0,
            error_code: String::new(),
            error_type: String::new(),
            message: text::for_sink(&message, text::MAX_MESSAGE),
            chain: Vec::new(),
            details: details.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect(),
            fingerprint: Fingerprint::of(&["health", &check]),
            operation: check,
            component: "gardefou::health".to_owned(),
            location: None,
            elapsed: None,
            context: None,
        }
    }

    /// Takes all that a sink may have of a sensitive operation.
    pub(crate) fn of_audit(event: &AuditEvent<'_>, timestamp: Timestamp) -> Self {
        let operation = text::for_sink(&event.operation, MAX_NAME);
        let reason = event.message.map(|message| format!(": {message}")).unwrap_or_default();
        let details = [("user", event.user), ("outcome", event.outcome.name())];
        Self {
            kind: RecordKind::Audit,
            id: ErrorId::new(),
            timestamp,
            level: event.level,
            code: event.code.map_or(0, ErrorCode::number),
            error_code: event.code.map(|code| text::for_sink(&code.name(), MAX_NAME)).unwrap_or_default(),
            error_type: String::new(),
            message: format!("`{operation}` {}{reason}", event.outcome),
            chain: Vec::new(),
            details: details.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect(),
            fingerprint: Fingerprint::of(&["audit", &operation]),
            operation,
            component: text::for_sink(&event.component, MAX_NAME),
            location: Some(format!("{}:{}", event.file, event.line)),
            elapsed: event.elapsed,
            context: None,
        }
    }

    /// Tells whether a journal writes the record before it says that it has it: from a level on, and what is audited.
    pub(crate) fn is_urgent(&self, inline_level: AlertLevel) -> bool {
        self.level >= inline_level || self.kind == RecordKind::Audit
    }
}

impl Serialize for ErrorRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("timestamp", &self.timestamp)?;
        map.serialize_entry("level", self.level.name())?;
        map.serialize_entry("code", &self.code)?;
        map.serialize_entry("error_code", &self.error_code)?;
        map.serialize_entry("error_type", &self.error_type)?;
        map.serialize_entry("message", &self.message)?;
        if !self.chain.is_empty() {
            map.serialize_entry("chain", &self.chain)?;
        }
        if !self.details.is_empty() {
            map.serialize_entry("details", &self.details)?;
        }
        map.serialize_entry("operation", &self.operation)?;
        map.serialize_entry("component", &self.component)?;
        if let Some(location) = &self.location {
            map.serialize_entry("location", location)?;
        }
        if let Some(elapsed) = &self.elapsed {
            map.serialize_entry("elapsed", &elapsed.as_secs_f64())?;
        }
        // Not at the end: a line whose last brace was torn off must not end in another one.
        if let Some(context) = &self.context {
            if let Some(span) = &context.span {
                map.serialize_entry("span", span)?;
            }
            if let Some(id) = &context.trace_id {
                map.serialize_entry("trace_id", id)?;
            }
            if !context.fields.is_empty() {
                map.serialize_entry("span_fields", &context.fields)?;
            }
        }
        map.serialize_entry("fingerprint", &self.fingerprint)?;
        if self.kind != RecordKind::Error {
            map.serialize_entry("kind", self.kind.name())?;
        }
        map.end()
    }
}

/// The name of an error's type, as far as that can be known.
pub(super) fn type_of(error: &ErrorRef<'_>) -> Cow<'static, str> {
    let from_debug = |debug: String| {
        let name = debug.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
        let is_name = name.starts_with(char::is_alphabetic) && name.len() <= 60;
        if is_name { Cow::Owned(name.to_owned()) } else { Cow::Borrowed("Error") }
    };
    match *error {
        ErrorRef::App(_) => Cow::Borrowed("AppError"),
        ErrorRef::Std(error) => from_debug(text::bounded(&format_args!("{error:?}"), 64)),
        ErrorRef::Scoped(error) => from_debug(text::bounded(&format_args!("{error:?}"), 64)),
        ErrorRef::Debug(error) => from_debug(text::bounded(&format_args!("{error:?}"), 64)),
        ErrorRef::Display(_) => Cow::Borrowed("Error"),
        ErrorRef::Opaque(name) => Cow::Borrowed(name),
    }
}

/// The texts of an error's sources, without those that the text above them says.
pub(super) fn chain_of(error: &ErrorRef<'_>) -> Vec<String> {
    let mut sources = error.sources().peekable();
    if sources.peek().is_none() {
        return Vec::new();
    }
    let above = text::for_sink(error, MAX_SOURCE);
    distinct_texts(above, sources.take(MAX_SOURCES), |level| text::for_sink(&level, MAX_SOURCE)).collect()
}

fn details_of(details: &Map<String, Value>) -> Map<String, Value> {
    let mut room = MAX_DETAILS;
    let fitted = fit_map(details, &mut room, 0);
    let mut details = Value::Object(fitted);
    redact::value(&mut details);
    match details {
        Value::Object(details) => details,
        other => Map::from_iter([("details".to_owned(), other)]),
    }
}

/// A copy of as much of the value as there is room for, each text in it redacted before it is cut.
fn fit(value: &Value, room: &mut usize, depth: usize) -> Value {
    *room = room.saturating_sub(8);
    match value {
        _ if depth >= MAX_DEPTH || *room == 0 => Value::String("(cut)".into()),
        Value::String(long) => {
            let short = text::for_sink(long, *room);
            *room = room.saturating_sub(short.len());
            Value::String(short)
        }
        Value::Array(items) => {
            let mut fitted = Vec::new();
            for item in items {
                fitted.push(fit(item, room, depth + 1));
                if *room == 0 {
                    break;
                }
            }
            Value::Array(fitted)
        }
        Value::Object(map) => Value::Object(fit_map(map, room, depth)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

pub(super) fn fit_map(map: &Map<String, Value>, room: &mut usize, depth: usize) -> Map<String, Value> {
    let mut fitted = Map::new();
    for (key, value) in map {
        let key = text::for_sink(key, MAX_NAME);
        *room = room.saturating_sub(key.len());
        fitted.insert(key, fit(value, room, depth + 1));
        if *room == 0 {
            break;
        }
    }
    fitted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AppError;
    use std::num::ParseIntError;

    fn record(error: ErrorRef<'_>, app: &AppError) -> ErrorRecord {
        let mut event = ErrorEvent::of_app_error(app, AlertLevel::Error, "op", "app");
        event.error = error;
        ErrorRecord::of_event(&event, Timestamp::from_unix_millis(0), Fingerprint::OTHER)
    }

    fn number_error() -> ParseIntError {
        "x".parse::<u8>().unwrap_err()
    }

    #[test]
    fn details_of_any_size_and_depth_are_cut_to_fit() {
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
    fn types_and_chains_are_told_as_far_as_they_are_known() {
        let source = number_error();
        let err = AppError::from(number_error()).or_code(ErrorCode::CONFIG_ERROR);
        assert_eq!(record(ErrorRef::Std(&source), &err).error_type, "ParseIntError");
        assert_eq!(record(ErrorRef::Debug(&"text"), &err).error_type, "Error");
        let converted = record(ErrorRef::App(&err), &err);
        assert_eq!((converted.error_type.as_str(), converted.chain.len()), ("AppError", 0));
        let wrapped = err.wrap(ErrorCode::INITIALIZATION_ERROR, "no port");
        assert_eq!(record(ErrorRef::App(&wrapped), &wrapped).chain, [number_error().to_string()]);
    }
}

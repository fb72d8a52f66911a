//! Records from the form in which they serialise.

use super::{
    context::ErrorContext,
    fingerprint::Fingerprint,
    origin::Origin,
    record::{Record, RecordKind, RecordState},
};
use crate::{error::ErrorId, event::severity::Severity, time::Timestamp};
use serde_core::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor,
};
use serde_json::{Map, Value};
use std::{fmt, str::FromStr, sync::Arc, time::Duration};

/// Reads the form that `Serialize` writes, from JSON or another format that describes itself. Unknown
/// keys are left out, and so are optional ones whose values cannot be read.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, event::Record, monitor::{ErrorMonitor, MonitorConfig}};
///
/// let monitor = ErrorMonitor::new(MonitorConfig::default());
/// monitor.record(&AppError::new(ErrorCode::DB_WRITE_ERROR, "disk quota exceeded"));
/// let record = monitor.stats().recent_errors.remove(0);
/// let json = serde_json::to_string(&record)?;
/// assert_eq!(serde_json::from_str::<Record>(&json)?, record);
/// # Ok::<(), serde_json::Error>(())
/// ```
impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Versioned::deserialize(deserializer)?;
        read.record.ok_or_else(|| {
            let missing =
                "a record needs `id`, `timestamp`, `level`, `code`, `error_code` and `message`";
            D::Error::custom(missing)
        })
    }
}

/// A record, and whether a version stands beside its fields.
#[derive(Debug)]
pub(crate) struct Versioned {
    pub(crate) has_version: bool,
    /// `None` where a field is missing that a record needs.
    pub(crate) record: Option<Record>,
}

impl<'de> Deserialize<'de> for Versioned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = deserializer.deserialize_map(FieldsVisitor)?;
        Ok(Self {
            has_version: fields.has_version,
            record: fields.into_record(),
        })
    }
}

/// The fields that were read so far. A journal is read through this: no map is built.
#[derive(Debug, Default)]
struct Fields {
    has_version: bool,
    /// The name of a kind, or of a state, is none that is known.
    is_unknown: bool,
    kind: RecordKind,
    id: Option<ErrorId>,
    timestamp: Option<Timestamp>,
    level: Option<Severity>,
    code: Option<u32>,
    error_code: Option<String>,
    error_type: Option<String>,
    message: Option<String>,
    chain: Vec<String>,
    details: Map<String, Value>,
    operation: Option<String>,
    component: Option<String>,
    location: Option<String>,
    elapsed: Option<Duration>,
    fingerprint: Option<Fingerprint>,
    context: ErrorContext,
    origin: Origin,
    state: RecordState,
    attempt: Option<u32>,
    max_attempts: Option<u32>,
}

impl Fields {
    fn set(&mut self, field: Field, value: Value) {
        match field {
            "v" => self.has_version = value.is_u64(),
            "kind" => match value.as_str().and_then(RecordKind::from_name) {
                Some(kind) => self.kind = kind,
                None => self.is_unknown = true,
            },
            "id" => self.id = parsed(&value),
            "timestamp" => self.timestamp = parsed(&value),
            "level" => self.level = value.as_str().and_then(Severity::from_name),
            "code" => self.code = number(&value),
            "error_code" => self.error_code = text(value),
            "error_type" => self.error_type = text(value),
            "message" => self.message = text(value),
            "chain" => self.chain = texts(value),
            "details" => self.details = map(value),
            "operation" => self.operation = text(value),
            "component" => self.component = text(value),
            "location" => self.location = text(value),
            "elapsed" => {
                let seconds = value.as_f64();
                self.elapsed = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok());
            }
            "fingerprint" => self.fingerprint = parsed(&value),
            "span" => self.context.span = text(value),
            "trace_id" => self.context.trace_id = text(value),
            "span_fields" => self.context.fields = map(value),
            "service" => self.origin.service = text(value),
            "release" => self.origin.release = text(value),
            "environment" => self.origin.environment = text(value),
            "host" => self.origin.host = text(value),
            "state" => match value.as_str().and_then(RecordState::from_name) {
                Some(state) => self.state = state,
                None => self.is_unknown = true,
            },
            "attempt" => self.attempt = number(&value),
            "max_attempts" => self.max_attempts = number(&value),
            _ => {}
        }
    }

    fn into_record(self) -> Option<Record> {
        let (context, origin) = (self.context, self.origin);
        let has_context = context != ErrorContext::default();
        let has_origin = origin != Origin::default();
        (!self.is_unknown).then_some(Record {
            kind: self.kind,
            id: self.id?,
            timestamp: self.timestamp?,
            level: self.level?,
            code: self.code?,
            error_code: self.error_code?,
            error_type: self.error_type.unwrap_or_default(),
            message: self.message?,
            chain: self.chain,
            details: self.details,
            operation: self.operation.unwrap_or_default(),
            component: self.component.unwrap_or_default(),
            location: self.location,
            elapsed: self.elapsed,
            fingerprint: self.fingerprint.unwrap_or(Fingerprint::OTHER),
            context: has_context.then(|| Box::new(context)),
            origin: has_origin.then(|| Arc::new(origin)),
            state: self.state,
            attempt: self.attempt.zip(self.max_attempts),
        })
    }
}

/// The name of a field; empty for an unknown key.
type Field = &'static str;

/// In the order of the lines of a journal.
const FIELDS: [Field; 26] = [
    "v",
    "id",
    "timestamp",
    "level",
    "code",
    "error_code",
    "error_type",
    "message",
    "chain",
    "details",
    "operation",
    "component",
    "location",
    "elapsed",
    "span",
    "trace_id",
    "span_fields",
    "service",
    "release",
    "environment",
    "host",
    "state",
    "attempt",
    "max_attempts",
    "fingerprint",
    "kind",
];

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map with the fields of a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some(field) = map.next_key_seed(FieldSeed)? {
            if field.is_empty() {
                map.next_value::<IgnoredAny>()?;
            } else {
                fields.set(field, map.next_value()?);
            }
        }
        Ok(fields)
    }
}

struct FieldSeed;

impl<'de> DeserializeSeed<'de> for FieldSeed {
    type Value = Field;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for FieldSeed {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Field, E> {
        let known = FIELDS.into_iter().find(|known| *known == name);
        Ok(known.unwrap_or_default())
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn texts(value: Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.into_iter().filter_map(text).collect(),
        _ => Vec::new(),
    }
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn number(value: &Value) -> Option<u32> {
    u32::try_from(value.as_u64()?).ok()
}

fn parsed<T: FromStr>(value: &Value) -> Option<T> {
    value.as_str()?.parse().ok()
}

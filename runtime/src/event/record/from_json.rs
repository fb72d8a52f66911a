//! Records from the form in which they serialise.

use super::{
    context::ErrorContext,
    fingerprint::Fingerprint,
    origin::Origin,
    record::{Record, RecordKind, RecordState},
};
use crate::{error::ErrorId, event::severity::Severity, time::Timestamp};
use serde_core::de::{Deserialize, Deserializer, Error};
use serde_json::{Map, Value};
use std::{str::FromStr, sync::Arc, time::Duration};

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
        let map = Map::deserialize(deserializer)?;
        Self::from_map(map).ok_or_else(|| {
            let missing =
                "a record needs `id`, `timestamp`, `level`, `code`, `error_code` and `message`";
            D::Error::custom(missing)
        })
    }
}

impl Record {
    pub(crate) fn from_map(mut map: Map<String, Value>) -> Option<Self> {
        let map = &mut map;
        Some(Self {
            kind: match map.get("kind") {
                None => RecordKind::Error,
                Some(kind) => RecordKind::from_name(kind.as_str()?)?,
            },
            id: parsed::<ErrorId>(map, "id")?,
            timestamp: parsed::<Timestamp>(map, "timestamp")?,
            level: Severity::from_name(map.get("level")?.as_str()?)?,
            code: u32::try_from(map.get("code")?.as_u64()?).ok()?,
            error_code: text(map, "error_code")?,
            error_type: text(map, "error_type").unwrap_or_default(),
            message: text(map, "message")?,
            chain: texts(map.remove("chain")),
            details: match map.remove("details") {
                Some(Value::Object(details)) => details,
                _ => Map::new(),
            },
            operation: text(map, "operation").unwrap_or_default(),
            component: text(map, "component").unwrap_or_default(),
            location: text(map, "location"),
            elapsed: map
                .get("elapsed")
                .and_then(Value::as_f64)
                .and_then(|s| Duration::try_from_secs_f64(s).ok()),
            fingerprint: parsed(map, "fingerprint").unwrap_or(Fingerprint::OTHER),
            context: context(map),
            origin: origin(map),
            state: match map.get("state") {
                None => RecordState::Error,
                Some(state) => RecordState::from_name(state.as_str()?)?,
            },
            attempt: number(map, "attempt").zip(number(map, "max_attempts")),
        })
    }
}

fn context(map: &mut Map<String, Value>) -> Option<Box<ErrorContext>> {
    let fields = match map.remove("span_fields") {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let context = ErrorContext {
        span: text(map, "span"),
        trace_id: text(map, "trace_id"),
        fields,
    };
    (context != ErrorContext::default()).then(|| Box::new(context))
}

fn origin(map: &mut Map<String, Value>) -> Option<Arc<Origin>> {
    let origin = Origin {
        service: text(map, "service"),
        release: text(map, "release"),
        environment: text(map, "environment"),
        host: text(map, "host"),
    };
    (origin != Origin::default()).then(|| Arc::new(origin))
}

fn text(map: &mut Map<String, Value>, key: &str) -> Option<String> {
    match map.remove(key) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn texts(value: Option<Value>) -> Vec<String> {
    let Some(Value::Array(items)) = value else {
        return Vec::new();
    };
    items
        .into_iter()
        .filter_map(|item| {
            if let Value::String(text) = item {
                Some(text)
            } else {
                None
            }
        })
        .collect()
}

fn number(map: &Map<String, Value>, key: &str) -> Option<u32> {
    u32::try_from(map.get(key)?.as_u64()?).ok()
}

fn parsed<T: FromStr>(map: &Map<String, Value>, key: &str) -> Option<T> {
    map.get(key)?.as_str()?.parse().ok()
}

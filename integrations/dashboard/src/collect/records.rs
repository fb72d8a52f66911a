//! Records of one group of errors, from the journal or else from memory.

use gardefou::event::Record;
use serde_json::{Value, json};

/// Returns a record, whose texts are bounded and redacted already.
pub(super) fn to_json(record: &Record) -> Value {
    json!({
        "id": record.id.to_string(),
        "at": record.timestamp.as_unix_millis(),
        "level": record.level.name(),
        "code": record.error_code,
        "number": record.code,
        "type": record.error_type,
        "message": record.message,
        "chain": record.chain,
        "details": record.details,
        "operation": record.operation,
        "component": record.component,
        "location": record.location,
        "elapsed": record.elapsed.map(|elapsed| elapsed.as_secs_f64()),
        "attempt": record.attempt.map(|(attempt, most)| [attempt, most]),
        "span": record.context.as_ref().and_then(|context| context.span.as_ref()),
        "trace_id": record.context.as_ref().and_then(|context| context.trace_id.as_ref()),
        "fields": record.context.as_ref().map(|context| &context.fields),
    })
}

#[cfg(feature = "axum")]
pub(crate) use finding::{Found, find};

#[cfg(feature = "axum")]
mod finding {
    use super::to_json;
    use gardefou::{
        event::{Fingerprint, Record},
        monitor::{error_monitor, journal::Query},
    };
    use serde_json::Value;

    /// The last records of a group.
    pub(crate) struct Found {
        pub(crate) source: &'static str,
        /// Newest first.
        pub(crate) records: Vec<Value>,
    }

    /// Finds the last records of a group: in the journal, or among the recent errors in memory where
    /// there is no journal or it cannot be read. Reads files.
    pub(crate) fn find(fingerprint: Fingerprint, limit: usize) -> Found {
        let monitor = error_monitor();
        let query = Query::new().fingerprint(fingerprint).limit(limit);
        let written = monitor.journal().and_then(|_| monitor.query(&query).ok());
        let (source, records): (_, Vec<Record>) = match written {
            Some(page) if !page.records.is_empty() => ("journal", page.records),
            _ => {
                let mut recent = monitor.snapshot().recent_errors;
                recent.retain(|record| record.fingerprint == fingerprint);
                ("memory", recent)
            }
        };
        let mut records = records;
        records.sort_by_key(|record| std::cmp::Reverse(record.timestamp));
        records.truncate(limit);
        Found {
            source,
            records: records.iter().map(to_json).collect(),
        }
    }
}

//! Comma-separated values (RFC 4180), one record a line.

use super::{json, text::escaped};
use gardefou::event::{Record, RecordState};
use serde_json::{Map, Value};

/// The columns, named as the fields of a line of the journal.
pub(crate) const HEADER: [&str; 25] = [
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

/// Returns the line of a record. Control characters are escaped, so that a record is one line and no
/// text acts on a terminal.
pub(crate) fn row(record: &Record) -> String {
    let context = record.context.as_deref();
    let origin = record.origin.as_deref();
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    let of_context = |field: fn(&gardefou::event::ErrorContext) -> Option<&String>| {
        text(context.and_then(field))
    };
    let of_origin =
        |field: fn(&gardefou::event::Origin) -> Option<&String>| text(origin.and_then(field));
    let map = |map: Option<&Map<String, Value>>| match map.filter(|map| !map.is_empty()) {
        Some(map) => json::line(map).unwrap_or_default(),
        None => String::new(),
    };
    let seconds = record
        .elapsed
        .map(|elapsed| elapsed.as_secs_f64().to_string());
    let (attempt, max_attempts) = match record.attempt {
        Some((attempt, of)) => (attempt.to_string(), of.to_string()),
        None => Default::default(),
    };
    let state = match record.state {
        RecordState::Error => String::new(),
        state => state.name().to_owned(),
    };
    line(&[
        record.id.to_string(),
        record.timestamp.to_string(),
        record.level.name().to_owned(),
        record.code.to_string(),
        record.error_code.clone(),
        record.error_type.clone(),
        record.message.clone(),
        record.chain.join(": "),
        map(Some(&record.details)),
        record.operation.clone(),
        record.component.clone(),
        text(record.location.as_ref()),
        seconds.unwrap_or_default(),
        of_context(|context| context.span.as_ref()),
        of_context(|context| context.trace_id.as_ref()),
        map(context.map(|context| &context.fields)),
        of_origin(|origin| origin.service.as_ref()),
        of_origin(|origin| origin.release.as_ref()),
        of_origin(|origin| origin.environment.as_ref()),
        of_origin(|origin| origin.host.as_ref()),
        state,
        attempt,
        max_attempts,
        record.fingerprint.to_string(),
        record.kind.name().to_owned(),
    ])
}

/// Joins fields to a line, each in quotes where it needs them.
pub(crate) fn line(fields: &[impl AsRef<str>]) -> String {
    let quoted = |field: &str| {
        let field = escaped(field);
        if field.contains(['"', ',']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field
        }
    };
    let fields: Vec<_> = fields.iter().map(|field| quoted(field.as_ref())).collect();
    fields.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_need_it_and_stay_on_one_line() {
        let line = line(&["plain", "a,b", "say \"hi\"", "two\nlines", ""]);
        assert_eq!(line, r#"plain,"a,b","say ""hi""",two\nlines,"#);
    }
}

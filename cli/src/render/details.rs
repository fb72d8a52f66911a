//! All of one record, field by field.

use super::{
    style::{Style, Tone, of_level},
    text::escaped,
};
use gardefou::event::{Record, RecordState};
use serde_json::{Map, Value};

/// Returns the lines of a record.
pub(crate) fn lines(record: &Record, style: Style) -> Vec<String> {
    let title = format!("{} {}", record.kind.name(), record.id);
    let mut lines = vec![style.paint(Tone::Heading, &title)];
    let mut put = |name: &str, tone: Tone, value: &str| {
        if !value.is_empty() {
            let name = style.paint(Tone::Faint, &format!("{name:<12}"));
            lines.push(format!("  {name}  {}", style.paint(tone, &escaped(value))));
        }
    };
    let plain = Tone::Plain;
    let time = record.timestamp.to_string();
    let time = format!("{} {} UTC", &time[..10], &time[11..23]);
    put("time", plain, &time);
    put("level", of_level(record.level), record.level.name());
    match &*record.error_code {
        "" => {}
        code => put("code", plain, &format!("{code} ({})", record.code)),
    }
    put("type", plain, &record.error_type);
    put("message", plain, &record.message);
    for cause in &record.chain {
        put("caused by", plain, cause);
    }
    put("operation", plain, &record.operation);
    put("component", plain, &record.component);
    put("location", plain, record.location.as_deref().unwrap_or(""));
    if let Some(elapsed) = record.elapsed {
        put("elapsed", plain, &format!("{elapsed:?}"));
    }
    if let Some((attempt, of)) = record.attempt {
        put("attempt", plain, &format!("{attempt} of {of}"));
    }
    if record.state != RecordState::Error {
        put("state", plain, record.state.name());
    }
    put("group", plain, &record.fingerprint.to_string());
    if let Some(context) = &record.context {
        put("span", plain, context.span.as_deref().unwrap_or(""));
        put("trace", plain, context.trace_id.as_deref().unwrap_or(""));
        put_map(&mut put, "span field", &context.fields);
    }
    if let Some(origin) = &record.origin {
        let fields = [
            ("service", &origin.service),
            ("release", &origin.release),
            ("environment", &origin.environment),
            ("host", &origin.host),
        ];
        for (name, value) in fields {
            put(name, plain, value.as_deref().unwrap_or(""));
        }
    }
    put_map(&mut put, "detail", &record.details);
    lines
}

fn put_map(put: &mut impl FnMut(&str, Tone, &str), name: &str, map: &Map<String, Value>) {
    for (key, value) in map {
        let value = match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        put(name, Tone::Plain, &format!("{key} = {value}"));
    }
}

//! The texts of records: bounded, redacted, on one line.

use crate::{
    error::{distinct_texts, redact},
    event::{ErrorRef, text},
};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// How many bytes of a name reach a sink.
pub(crate) const MAX_NAME: usize = 256;
pub(super) const MAX_SOURCE: usize = 1024;
pub(super) const MAX_SOURCES: usize = 16;
const MAX_DETAILS: usize = 16 * 1024;
const MAX_DEPTH: usize = 16;

/// A name as sinks may have it.
pub(super) fn clean_name(name: &str) -> String {
    text::for_sink(&name, MAX_NAME)
}

/// The name of an error's type, as far as that can be known.
pub(crate) fn type_of(error: &ErrorRef<'_>) -> Cow<'static, str> {
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

/// The texts of an error's sources, without those that the text above them repeats.
pub(crate) fn chain_of(error: &ErrorRef<'_>) -> Vec<String> {
    let mut sources = error.sources().peekable();
    if sources.peek().is_none() {
        return Vec::new();
    }
    let above = text::for_sink(error, MAX_SOURCE);
    distinct_texts(above, sources.take(MAX_SOURCES), |level| text::for_sink(&level, MAX_SOURCE)).collect()
}

pub(crate) fn details_of(details: &Map<String, Value>) -> Map<String, Value> {
    let mut room = MAX_DETAILS;
    let fitted = fit_map(details, &mut room, 0);
    let mut details = Value::Object(fitted);
    redact::value(&mut details);
    match details {
        Value::Object(details) => details,
        other => Map::from_iter([("details".to_owned(), other)]),
    }
}

/// Details of a record, cut to fit into a smaller place.
pub(crate) fn details_within(details: &Map<String, Value>, mut room: usize) -> Map<String, Value> {
    fit_map(details, &mut room, 0)
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

pub(crate) fn fit_map(map: &Map<String, Value>, room: &mut usize, depth: usize) -> Map<String, Value> {
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

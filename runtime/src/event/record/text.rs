//! The texts of records: bounded, redacted, on one line.

use super::fingerprint::key_of;
use crate::{
    error::{ErrorRef, Redactor, details, distinct_texts, redact},
    event::text,
};
use serde_json::{Map, Value};
use std::{borrow::Cow, cell::RefCell};

/// How many bytes of a name reach a sink.
pub(crate) const MAX_NAME: usize = 256;
pub(in crate::event) const MAX_SOURCE: usize = 1024;
pub(in crate::event) const MAX_SOURCES: usize = 16;
const MAX_DETAILS: usize = 16 * 1024;
const MAX_DEPTH: usize = 16;

/// Returns a name for sinks. Remembers the last ones: a program has few names, and makes records of
/// the same ones again and again.
pub(in crate::event) fn clean_name(name: &str) -> String {
    let clean = || text::for_sink(&name, MAX_NAME);
    if name.len() > MAX_NAME || Redactor::current().has_rules() {
        return clean();
    }
    // A thread that is ending remembers nothing any more.
    NAME_CACHE
        .try_with(|known| known.name(name, clean))
        .unwrap_or_else(|_| clean())
}

thread_local! {
    static NAME_CACHE: NameCache = const { NameCache([const { RefCell::new(None) }; CACHED_NAMES]) };
}

/// How many names a thread remembers, each with its form for sinks: a few KiB.
const CACHED_NAMES: usize = 16;

/// The names that were cleaned last, each at the index that its hash gives.
struct NameCache([RefCell<Option<CachedName>>; CACHED_NAMES]);

struct CachedName {
    raw: Box<str>,
    clean: Box<str>,
    /// The redactor that cleaned it; another one may be in force by now.
    by: *const Redactor,
}

impl NameCache {
    fn name(&self, raw: &str, clean: impl Fn() -> String) -> String {
        let place = &self.0[(key_of(raw) % CACHED_NAMES as u64) as usize];
        let by: *const Redactor = Redactor::current();
        // User functions run in the redactor, and may come back to this slot.
        let Ok(mut known) = place.try_borrow_mut() else {
            return clean();
        };
        if let Some(known) = known.as_ref()
            && *known.raw == *raw
            && known.by == by
        {
            return known.clean.to_string();
        }
        let made = clean();
        *known = Some(CachedName {
            raw: raw.into(),
            clean: made.as_str().into(),
            by,
        });
        made
    }
}

/// Returns the name of an error's type, as far as that can be known.
pub(crate) fn type_of(error: &ErrorRef<'_>) -> Cow<'static, str> {
    let from_debug = |debug: String| {
        let name = debug
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .next()
            .unwrap_or_default();
        let is_name = name.starts_with(char::is_alphabetic) && name.len() <= 60;
        if is_name {
            Cow::Owned(name.to_owned())
        } else {
            Cow::Borrowed("Error")
        }
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

/// Returns the texts of an error's sources, without those that the text above them repeats.
pub(crate) fn chain_of(error: &ErrorRef<'_>) -> Vec<String> {
    let mut sources = error.sources().peekable();
    if sources.peek().is_none() {
        return Vec::new();
    }
    let above = text::for_sink(error, MAX_SOURCE);
    distinct_texts(above, sources.take(MAX_SOURCES), |level| {
        text::for_sink(&level, MAX_SOURCE)
    })
    .collect()
}

/// Returns details for sinks: bounded and redacted.
pub(crate) fn details_of(details: &Map<String, Value>) -> Map<String, Value> {
    let mut room = MAX_DETAILS;
    let fitted = fit_map(details, &mut room, 0);
    let mut details = Value::Object(fitted);
    redact::value(&mut details);
    match details {
        Value::Object(details) => details,
        other => details::object(&mut [("details", Some(other))]),
    }
}

/// Cuts the details of a record to a smaller size.
pub(crate) fn details_within(details: &Map<String, Value>, mut room: usize) -> Map<String, Value> {
    fit_map(details, &mut room, 0)
}

/// Copies as much of the value as there is room for, each text in it redacted before it is cut.
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

pub(crate) fn fit_map(
    map: &Map<String, Value>,
    room: &mut usize,
    depth: usize,
) -> Map<String, Value> {
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

    #[test]
    fn remembered_names_equal_freshly_cleaned_ones() {
        let mut names: Vec<String> = (0..100)
            .map(|i| format!("operation {} \u{1b}[3{i}m", "x".repeat(i * 5)))
            .collect();
        names.extend(["token=k1x9Qz77", "password hUnt3r2x", "", "load", "é"].map(str::to_owned));
        for round in 0..3 {
            for name in names.iter().chain(names.iter().rev()) {
                assert_eq!(
                    clean_name(name),
                    text::for_sink(name, MAX_NAME),
                    "{round}: {name:?}"
                );
            }
        }
    }
}

//! Keys of JSON objects, made of keys of any type.

use super::{MAX_KEY, serializer::Budget};
use serde::Serialize;
use serde_json::{Map, Value};

/// The text form of a key: a string as it is, everything else as it would print in JSON.
pub(super) fn text<T: Serialize + ?Sized>(budget: &mut Budget, key: &T) -> String {
    match budget.take(key) {
        Value::String(text) if text.len() <= MAX_KEY => text,
        Value::String(text) => budget.string(&text, MAX_KEY),
        other => budget.string(&other.to_string(), MAX_KEY),
    }
}

/// The key, or where two keys have the same text (as 1 and "1"), the key with a number.
pub(super) fn distinct(key: String, fields: &Map<String, Value>) -> String {
    if !fields.contains_key(&key) {
        return key;
    }
    // The number of fields is an upper bound of those that are called alike.
    let free = (2..=fields.len() + 2)
        .map(|n| format!("{key}#{n}"))
        .find(|name| !fields.contains_key(name));
    free.unwrap_or(key)
}

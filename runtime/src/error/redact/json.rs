//! Secrets in JSON values.

use super::{
    MARK, Redactor,
    names::{Kind, Name},
};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Walks the value with a list of its own, not by recursion: a value of any depth does.
pub(super) fn redact(value: &mut Value, redactor: &Redactor) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => {
                let redacted = Some(redactor.text(text)).filter(|redacted| redacted != text).map(Cow::into_owned);
                if let Some(redacted) = redacted {
                    *text = redacted;
                }
            }
            Value::Array(items) => {
                pair_in_list(items, redactor);
                open.extend(items);
            }
            Value::Object(fields) => {
                rename(fields, redactor);
                named_pair(fields, redactor);
                for (key, value) in fields {
                    match secret_name(key, redactor) {
                        Some(counts) if !is_harmless(value, counts) => *value = MARK.into(),
                        _ => open.push(value),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Tells of a secret name whether a number under it is an amount.
fn secret_name(key: &str, redactor: &Redactor) -> Option<bool> {
    let name = Name::of(key.as_bytes());
    match redactor.kind(&name)? {
        Kind::Secret | Kind::Header => Some(name.counts()),
        Kind::Added => Some(false),
        // The other parameters of URLs are words of everyday language.
        Kind::Parameter => (name.bytes() == b"auth").then_some(false),
    }
}

fn is_harmless(value: &Value, counts: bool) -> bool {
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::Number(_) => counts,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// `["authorization", "value"]`, the form of a list of headers.
fn pair_in_list(items: &mut [Value], redactor: &Redactor) {
    if let [Value::String(key), value @ Value::String(_)] = items
        && secret_name(key, redactor).is_some()
    {
        *value = MARK.into();
    }
}

/// `{"name": "authorization", "value": ..}`.
fn named_pair(fields: &mut Map<String, Value>, redactor: &Redactor) {
    let key = ["name", "key", "header"].iter().find_map(|key| fields.get(*key)?.as_str());
    if key.and_then(|key| secret_name(key, redactor)).is_some()
        && let Some(value) = fields.get_mut("value")
    {
        *value = MARK.into();
    }
}

/// Replaces secrets in the keys themselves, as in a map from URLs to results.
fn rename(fields: &mut Map<String, Value>, redactor: &Redactor) {
    if fields.keys().all(|key| redactor.text(key) == key.as_str()) {
        return;
    }
    for (key, value) in std::mem::take(fields) {
        let bare = redactor.text(&key).into_owned();
        let mut name = bare.clone();
        let mut n = 2;
        while fields.contains_key(&name) {
            name = format!("{bare}#{n}");
            n += 1;
        }
        fields.insert(name, value);
    }
}

//! Access to rustdoc's JSON.

use serde_json::Value;

/// Returns the kind of an item and its contents.
pub(crate) fn kind(item: &Value) -> (&str, &Value) {
    let inner = item["inner"]
        .as_object()
        .and_then(|inner| inner.iter().next());
    inner.map_or(("", &Value::Null), |(kind, value)| (kind.as_str(), value))
}

pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(crate) fn number(id: &Value) -> u64 {
    id.as_u64().unwrap_or(u64::MAX)
}

/// Returns the text of a string, and nothing of anything else.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

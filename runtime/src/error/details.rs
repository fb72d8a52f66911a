//! Values and texts that foreign code makes, taken in without ever failing.

use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// The JSON form of any value.
pub(crate) fn to_value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_else(|err| Value::String(format!("unserialisable: {err}")))
}

/// The text of any value.
pub(crate) fn display(value: impl fmt::Display) -> String {
    value.to_string()
}

/// The text of a message, as long as it is.
pub(crate) fn message(value: impl fmt::Display) -> String {
    value.to_string()
}

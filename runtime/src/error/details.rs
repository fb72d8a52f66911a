//! Values and texts that foreign code makes, taken in without ever failing.
//!
//! An error is built where something has gone wrong already: neither a `Serialize` that fails or
//! panics, nor a map with odd keys, nor a value of endless length may replace it by a second error.
//! So each value is written into JSON by a serializer of our own that has a text for everything,
//! and stops at bounds.

mod keys;
mod serializer;
mod text;

use serde::Serialize;
use serde_json::Value;

#[cfg(test)]
use text::display_bounded;
pub(crate) use text::{display, display_head, message};

/// How deep containers nest before a text stands in their place.
const MAX_DEPTH: usize = 32;
/// How many values one detail holds.
const MAX_NODES: usize = 4096;
/// How many bytes of one text are kept.
const MAX_TEXT: usize = 8 * 1024;
/// How many bytes of text one detail holds, keys included.
const MAX_TEXTS: usize = 64 * 1024;
/// How many bytes of a key are kept.
const MAX_KEY: usize = 256;

/// Marks a container that was cut.
const CUT: &str = "… (cut)";

/// The JSON form of any value; never fails, never panics, and is bounded in depth, number of values
/// and text.
///
/// What JSON has no form for becomes a text: keys that are not strings, NaN and infinities,
/// integers beyond 64 bits, bytes (in hexadecimal), and a value whose `Serialize` fails or panics.
pub(crate) fn to_value<T: Serialize + ?Sized>(value: &T) -> Value {
    serializer::Budget::new().take(value)
}

/// The form of a key of details.
pub(crate) fn key(key: String) -> String {
    if key.len() <= MAX_KEY {
        key
    } else {
        text::cut(&key, MAX_KEY).into_owned()
    }
}

#[cfg(test)]
mod tests;

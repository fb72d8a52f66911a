//! Details of errors: values and texts of foreign code, bounded, and taken without failing.
//!
//! An error is built where something has gone wrong already: neither a `Serialize` that fails or
//! panics, nor a map with odd keys, nor a value of endless length may replace it by a second error.
//! So each value is written into JSON by a serializer of our own that has a text for everything,
//! and stops at bounds.

mod object;
mod serializer;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use object::{object, object_from};
pub(crate) use serializer::to_value;
#[cfg(test)]
use text::display_bounded;
pub(crate) use text::{display, display_head, key, message};

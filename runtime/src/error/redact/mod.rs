//! Redaction: secrets are replaced before any sink, log, journal, alert or HTTP.
//!
//! Texts of errors carry what was never meant to be published: a connection string with its
//! password, a header, the debug form of a configuration. They also carry tokens of parsers, expired
//! sessions and fields named `password` that are missing. [`Redactor`] hides the first and leaves
//! the second.
//!
//! `detect` finds the secrets in a text, by rules whose rows are in `tables`.

mod allow_list;
mod detect;
mod json;
mod redactor;
mod sensitive;
mod sink;
#[rustfmt::skip]
mod tables;

pub(crate) use json::{object, value};
pub use redactor::{Redactor, RedactorInstalled};
pub(crate) use redactor::{name, text};
pub use sensitive::Sensitive;
pub(crate) use sink::{bounded_text, sink_display};

#[cfg(test)]
mod tests;

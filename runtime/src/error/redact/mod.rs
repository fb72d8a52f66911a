//! The one redactor that runs before any sink: log, journal, alert, HTTP.
//!
//! Texts of errors carry what nobody meant to publish: a connection string with its password, a
//! header, the debug form of a configuration. They also carry tokens of parsers, expired sessions
//! and fields named `password` that are missing. [`Redactor`] hides the first and leaves the
//! second. Where a secret can stand is found in four ways:
//!
//! | way | example | module |
//! | --- | --- | --- |
//! | beside its name | `password=x`, `"token": "x"`, `--api-key x` | `pair`, `value`, `block`, `element` |
//! | under a name that is a value itself | `name: DB_PASSWORD`, `value: x` | `record`, `sql` |
//! | behind words | `the password is x`, `mysql -px`, `connect(dsn, "ann", "x")` | `words`, `commands`, `calls` |
//! | by its own shape | `ghp_x`, `Bearer x`, `user:x@host`, numbers of cards | `tokens`, `parts`, `url`, `hooks`, `card` |
//!
//! `decode` repeats this on what a text stands for. Each finding is a claim, whose weight comes
//! from the name; `shape` then decides by the shape of the value whether it is a secret, or a type,
//! a path, a reference, an amount, or the beginning of a report. What the rules know is in
//! `tables`: a new name, token, phrase or option is a row there.

mod allowed;
mod block;
mod calls;
mod card;
mod commands;
mod decode;
mod element;
mod hooks;
mod json;
mod names;
mod pair;
mod parts;
mod record;
mod redactor;
mod scan;
mod sensitive;
mod shape;
mod sieve;
mod sink;
mod sql;
mod steps;
#[rustfmt::skip]
mod tables;
mod tokens;
mod url;
mod value;
mod words;

pub use redactor::{Redactor, RedactorInstalled};
pub(crate) use redactor::{bounded_text, name, sink_display, text, value};
pub use sensitive::Sensitive;

#[cfg(test)]
mod tests;

//! The one redactor that runs before any sink: log, journal, alert, HTTP.
//!
//! Texts of errors carry what was never meant to be published: a connection string with its password, a
//! header, the debug form of a configuration. They also carry tokens of parsers, expired sessions
//! and fields named `password` that are missing. [`Redactor`] hides the first and leaves the
//! second. Where a secret can stand is found in four ways:
//!
//! | way | example | module |
//! | --- | --- | --- |
//! | beside its name | `password=x`, `"token": "x"`, `--api-key x` | `pair`, `arguments`, `value`, `element` |
//! | under a name that is a value itself | `name: DB_PASSWORD`, `value: x` | `record`, `sql` |
//! | behind words | `the password is x`, `mysql -px`, `connect(dsn, "ann", "x")` | `prose`, `phrases`, `commands`, `arguments` |
//! | by its own shape | `ghp_x`, `Bearer x`, `user:x@host`, numbers of cards | `tokens`, `logins`, `url`, `card` |
//!
//! `search` runs all of them, also on what `decode` makes of the text. Each name makes a `claim` on
//! the value beside it; the `shape` of the value then decides whether it is a secret, or a type, a
//! path, a reference, an amount, or the beginning of a report. What the rules know is in `tables`:
//! a new name, token, phrase or option is a row there.

mod allowed;
mod arguments;
mod card;
mod claim;
mod commands;
mod cursor;
mod decode;
mod element;
mod ends;
mod json;
mod logins;
mod lookup;
mod names;
mod pair;
mod phrases;
mod prose;
mod record;
mod redactor;
mod scan;
mod search;
mod sensitive;
mod shape;
mod sink;
mod sql;
#[rustfmt::skip]
mod tables;
mod tokens;
mod url;
mod value;
mod words;

pub(crate) use json::value;
pub use redactor::{Redactor, RedactorInstalled};
pub(crate) use redactor::{name, text};
pub use sensitive::Sensitive;
pub(crate) use sink::{bounded_text, sink_display};

#[cfg(test)]
mod tests;

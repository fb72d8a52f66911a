//! Detection of secrets in texts.
//!
//! Where a secret can stand is found in four ways:
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

mod arguments;
mod card;
pub(super) mod claim;
mod commands;
pub(super) mod cursor;
mod decode;
mod element;
mod ends;
mod logins;
pub(super) mod lookup;
pub(super) mod names;
mod pair;
mod phrases;
mod prose;
mod record;
mod scan;
pub(super) mod search;
pub(super) mod shape;
mod sql;
mod tokens;
mod url;
mod value;
mod words;

//! What the rules know: names, words of prose, tokens, phrases, commands. A new secret is a new row here.
//!
//! Names and words are in lower case; those of names also without separators.

mod commands;
mod names;
mod prose;
mod records;
mod tokens;
mod values;

pub(super) use commands::{Holds, OPTIONS, OptionRow};
pub(super) use names::{
    ABOUT, ABOUT_AND_SECRET, ABOUT_BEGIN, AMOUNTS_BEGIN, AMOUNTS_END, At, COMMON, FAILURES, INNOCENT, LAST_OF_NAME, NAMES,
    NameRow, PLAIN_KEYS, TUPLES,
};
pub(super) use prose::{
    CONNECTORS, GRAMMAR, LINKS, LOGINS, PHRASES, REPORT_ENDINGS, REPORTS, SETTINGS, Take,
};
pub(super) use records::{KEY_LINES, NAME_KEYS, SECRET_DATA, VALUE_KEYS, WEB_KEY};
pub(super) use tokens::{HASHES, HOOKS, TOKENS};
pub(super) use values::{FILES, NOTHING, REFERENCES, SCHEMES, TYPES};

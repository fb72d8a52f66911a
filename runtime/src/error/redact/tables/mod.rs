//! Tables of the redaction rules: names, words of prose, tokens, phrases, commands. A new secret is
//! a new row here.
//!
//! Names and words are in lower case; those of names also without separators.

mod commands;
mod names;
mod prose;
mod tokens;
mod values;

pub(super) use commands::{CALLS, Holds, OPTIONS, OptionRow, PASSWORD_OPTIONS, READERS, USER_OPTIONS};
pub(super) use names::{
    ABOUT, ABOUT_AND_SECRET, ABOUT_BEGIN, AMOUNTS_BEGIN, AMOUNTS_END, At, COMMON, FAILURES, INNOCENT, KEY_LINES, LAST_OF_NAME, LOGIN_NAMES, NAMES, NAME_KEYS,
    NameRow, PASSWORDS, PLAIN_KEYS, SECRET_DATA, SURE_LOGIN_NAMES, TUPLE_NAMES, TUPLES, VALUE_KEYS, WEB_KEY, Weight, letter,
};
pub(super) use prose::{
    ADVICE, CONNECTORS, COPULAS, GRAMMAR, LINKS, LOGINS, PAIRED, PHRASES, REPORT_ENDINGS, REPORTS, SETTERS, SURE_LOGINS, SETTINGS,
    TECHNICAL, Take, VERBS,
};
pub(super) use tokens::{BLOCKS, HASHES, HOOKS, NAMED_HASHES, Of, SHAPES, TOKENS};
pub(super) use values::{FILES, NOTHING, REFERENCES, SCHEMES, TYPES};

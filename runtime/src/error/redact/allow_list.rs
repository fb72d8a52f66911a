//! The allow list: the parts of a text that may leave.

use super::{
    detect::{cursor, names::Name, shape},
    sensitive::MARK,
};
use std::borrow::Cow;

/// Hides quoted texts, numbers, every other word that is not made of letters, and the value of
/// every `name=value` whose name is not on the list.
pub(super) fn text<'a>(text: &'a str, is_allowed: impl Fn(&Name) -> bool) -> Cow<'a, str> {
    let mut out = String::new();
    let mut done = 0;
    let mut hide = |start: usize, end: usize| {
        out.push_str(&text[done..start]);
        out.push_str(MARK);
        done = end;
    };
    // Whether the last name allows the value that follows it.
    let mut allowed = None;
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        cursor::count(1);
        let begins_value = !first.is_whitespace() && !matches!(first, '=' | ':' | '"' | '\'' | '`');
        if allowed == Some(true) && begins_value {
            at += rest
                .find(|c: char| c.is_whitespace() || matches!(c, ',' | ';'))
                .unwrap_or(rest.len());
            allowed = None;
        } else if rest.starts_with(MARK) {
            (at, allowed) = (at + MARK.len(), None);
        } else if matches!(first, '"' | '\'' | '`') && !joins(text, at) {
            let len = rest[1..].find(first).unwrap_or(rest.len() - 1);
            let end = at + 1 + len;
            if len > 0 && &text[at + 1..end] != MARK && allowed != Some(true) {
                hide(at + 1, end);
            }
            (at, allowed) = (text.len().min(end + 1), None);
        } else if is_between(first) {
            at += first.len_utf8();
        } else {
            let len = rest.find(is_between).unwrap_or(rest.len());
            let word = rest[..len].trim_end_matches(['.', ':', '!', '?']);
            let end = at + word.len();
            let next = &text[end..];
            let is_name = (next.starts_with('=') || next.starts_with(": "))
                && shape::is_name(word.as_bytes());
            let spared = match allowed {
                Some(spared) => spared,
                None => is_name || shape::is_plain(word.as_bytes()) || word.is_empty(),
            };
            if !spared {
                hide(at, end);
            }
            // In a sentence, what follows a colon is decided on by itself.
            allowed = is_name
                .then(|| is_allowed(&Name::new(word.as_bytes())))
                .filter(|listed| *listed || next.starts_with('='));
            at += len;
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

fn is_between(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '=' | '"' | '`' | '|'
        )
}

/// Returns `true` for an apostrophe in a word.
fn joins(text: &str, at: usize) -> bool {
    text[at..].starts_with('\'')
        && text[..at].ends_with(char::is_alphanumeric)
        && text[at + 1..].starts_with(char::is_alphanumeric)
}

//! How far the value goes that follows a secret name.

use super::{
    names::is_name_byte,
    shapes::{self, MARK_BYTES},
};
use std::ops::Range;

/// The extent of the value at `start`, unless there is none to hide: an empty one, `None`, `null`, a boolean, a mark of
/// our own, or, where the name counts something, a number.
pub(super) fn after(bytes: &[u8], start: usize, whole_line: bool, counts: bool) -> Option<Range<usize>> {
    let start = skip_wrappers(bytes, skip_blanks(bytes, start));
    if bytes[start..].starts_with(MARK_BYTES) {
        return None;
    }
    let (range, quoted) = match quoted(bytes, start) {
        Some(range) => (range, true),
        None if matches!(bytes.get(start), Some(b'{' | b'[')) => (bracketed(bytes, start), false),
        None if whole_line => (start..line_end(bytes, start), false),
        None => (start..word_end(bytes, start), false),
    };
    let value = &bytes[range.clone()];
    let nothing = match value {
        b"" | b"None" | b"null" | b"nil" | b"true" | b"false" => !quoted || value.is_empty(),
        _ => value.starts_with(MARK_BYTES) || (counts && is_number(value)),
    };
    (!nothing).then_some(range)
}

fn skip_blanks(bytes: &[u8], start: usize) -> usize {
    let blanks = bytes[start..].iter().take(16).take_while(|b| matches!(b, b' ' | b'\t')).count();
    start + blanks
}

/// Steps into `Some(`, `Secret(`, and over the prefix of a Rust literal, as `b"` and `r#"`.
fn skip_wrappers(bytes: &[u8], mut start: usize) -> usize {
    for _ in 0..3 {
        let name = bytes[start..].iter().take(40).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        if name == 0 || bytes.get(start + name) != Some(&b'(') {
            break;
        }
        start += name + 1;
    }
    let prefix = bytes[start..].iter().take(4).take_while(|b| matches!(b, b'b' | b'r' | b'#')).count();
    if prefix > 0 && bytes.get(start + prefix) == Some(&b'"') { start + prefix } else { start }
}

/// What stands between quotes that may themselves be escaped; without a closing one, all that follows.
fn quoted(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let escapes = bytes[start..].iter().take(8).take_while(|b| **b == b'\\').count();
    let quote = *bytes.get(start + escapes).filter(|b| matches!(b, b'"' | b'\'' | b'`'))?;
    let inside = start + escapes + 1;
    let mut before = 0;
    for (i, b) in bytes[inside..].iter().enumerate() {
        if *b == quote && (before <= escapes || (escapes == 0 && before % 2 == 0)) {
            return Some(inside..inside + i - before.min(escapes));
        }
        before = if *b == b'\\' { before + 1 } else { 0 };
    }
    Some(inside..bytes.len())
}

/// A list or object, with its brackets; without the closing one, all that follows.
fn bracketed(bytes: &[u8], start: usize) -> Range<usize> {
    let (mut depth, mut at) = (0_usize, start);
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => at = quoted(bytes, at).map_or(at, |inside| inside.end),
            _ => {}
        }
        at = bytes.len().min(at + 1);
        if depth == 0 {
            break;
        }
    }
    start..at
}

/// The end of the line, or of the quoted text that holds the line; a quote after `=` opens one in the line.
fn line_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut in_quotes) = (start, false);
    while let Some(b) = bytes.get(at) {
        match b {
            b'\r' | b'\n' => break,
            b'"' if in_quotes => in_quotes = false,
            b'"' if at > start && bytes[at - 1] == b'=' => in_quotes = true,
            b'"' => break,
            _ => {}
        }
        at += 1;
    }
    at
}

/// The end of a bare word. Passwords hold punctuation, so a comma or bracket ends the word only where what follows
/// looks like the next pair, the end of the text, or prose.
fn word_end(bytes: &[u8], start: usize) -> usize {
    let start = shapes::skip_scheme(bytes, start);
    let mut at = start;
    while let Some(b) = bytes.get(at) {
        let next = bytes.get(at + 1);
        let ends = match b {
            b if b.is_ascii_whitespace() => true,
            b'&' | b'"' | b'<' | b'`' => true,
            b',' | b';' => {
                next.is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'')) || is_pair(bytes, at + 1)
            }
            b')' | b']' | b'}' | b'\'' => next.is_none_or(|b| !b.is_ascii_alphanumeric()),
            _ => false,
        };
        if ends {
            break;
        }
        at += 1;
    }
    at
}

/// Tells whether `name=` or `name:` stands here.
fn is_pair(bytes: &[u8], start: usize) -> bool {
    let name = bytes[start..].iter().take(64).take_while(|b| is_name_byte(**b)).count();
    name > 0 && matches!(bytes.get(start + name), Some(b'=' | b':'))
}

fn is_number(value: &[u8]) -> bool {
    value.len() < 16 && value.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'))
}
